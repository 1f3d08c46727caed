// Images that tests run, by name: the official image that is the same, and how to make one of Debian's packages.
import path from "node:path";
import { root } from "../paths.mjs";

const folder = path.join(root, "scripts", "bootstrap", "test-images");

/** Root file systems made by mmdebstrap, each for several images that share it. `users` have the ids of public images. */
const bookworm = {
  name: "hearth/test-base:bookworm",
  suite: "bookworm",
  packages: ["redis-server", "redis-sentinel", "redis-tools", "prometheus-redis-exporter", "libstdc++6"],
  users: { redis: 999 },
};
const trixie = {
  name: "hearth/test-base:trixie",
  suite: "trixie",
  packages: ["redis-server", "redis-sentinel", "redis-tools", "valkey-server", "valkey-sentinel", "valkey-tools"],
  users: { redis: 999 },
};
const postgres = {
  name: "hearth/test-base:postgres",
  suite: "bookworm",
  packages: ["postgresql-15"],
  users: { postgres: 998 },
};
const prometheus = {
  name: "hearth/test-base:prometheus",
  suite: "bookworm",
  packages: ["prometheus", "prometheus-alertmanager"],
  users: {},
};

const server = ["RUN install -d -o 999 -g 999 -m 0750 /data", "VOLUME /data", "WORKDIR /data", "USER 999:999"];

/** `official` is pulled where that is possible; else `lines` of a Dockerfile are built on `base`, with `files`. */
export const recipes = {
  "hearth/redis:7.0": { official: "redis:7.0", base: bookworm, lines: [...server, 'CMD ["redis-server"]'] },
  "hearth/redis:8.0": {
    official: "redis:8.0",
    base: trixie,
    lines: ["RUN rm -f /usr/bin/valkey-*", ...server, 'CMD ["redis-server"]'],
  },
  "hearth/valkey:8.1": {
    official: "valkey/valkey:8.1",
    base: trixie,
    lines: ["RUN rm -f /usr/bin/redis-*", ...server, 'CMD ["valkey-server"]'],
  },
  "hearth/redis-exporter:1.45": {
    official: "oliver006/redis_exporter:v1.45.0",
    base: bookworm,
    lines: ["USER 59000:59000", 'ENTRYPOINT ["/usr/bin/prometheus-redis-exporter"]'],
  },
  "hearth/prometheus:2.42": {
    official: "prom/prometheus:v2.42.0",
    base: prometheus,
    lines: ["USER 65534:65534", 'ENTRYPOINT ["/usr/bin/prometheus"]'],
  },
  "hearth/alertmanager:0.25": {
    official: "prom/alertmanager:v0.25.0",
    base: prometheus,
    lines: ["USER 65534:65534", 'ENTRYPOINT ["/usr/bin/prometheus-alertmanager"]'],
  },
  "hearth/node:24": {
    official: "node:24-slim",
    base: bookworm,
    files: { node: path.join(root, "node_modules", "node", "bin", "node") },
    lines: ["COPY node /usr/local/bin/node", 'CMD ["node"]'],
  },
  "hearth/postgres:15": {
    official: "postgres:15",
    base: postgres,
    files: { "entrypoint.sh": path.join(folder, "postgres-entrypoint.sh") },
    lines: [
      "COPY entrypoint.sh /usr/local/bin/docker-entrypoint.sh",
      "ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data",
      "RUN install -d -o 998 -g 998 -m 0700 $PGDATA && install -d -o 998 -g 998 -m 2775 /var/run/postgresql",
      "VOLUME /var/lib/postgresql/data",
      "USER 998:998",
      "STOPSIGNAL SIGINT",
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      'CMD ["postgres"]',
    ],
  },
};
