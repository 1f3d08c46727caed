import { describe } from "vitest";
import { startPostgresContainer, startRedisContainer } from "../../support/containers.ts";
import { dockerTest } from "../../support/docker.ts";
import { startPostgres } from "../../support/postgres.ts";
import { startStandalone } from "../../support/redis.ts";
import { typesSuite } from "./types-suite.ts";

describe("PostgreSQL and Redis of this machine", () => {
  typesSuite(async () => {
    const [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
    const client = redis.servers[0]?.client;
    if (!client) throw new Error("no server was started");
    return { postgres, redis: { ...redis, client } };
  });
});

describe.each(["redisNext", "valkey"] as const)("PostgreSQL 15 and %s", (image) => {
  dockerTest("in containers", () => {
    typesSuite(async () => {
      const [postgres, redis] = await Promise.all([startPostgresContainer(), startRedisContainer(image)]);
      return { postgres, redis };
    });
  }, ["postgres", image]);
});
