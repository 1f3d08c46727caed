import { images } from "../../support/docker.ts";
import { changesUnderLoad, restarting } from "../conformance/changes.ts";
import { dockerTarget } from "../conformance/docker.ts";

const image = { what: "another image", config: async () => ({ image: images.redisNext }) };
changesUnderLoad("cluster", dockerTarget, [restarting, image], { inOrder: true });
