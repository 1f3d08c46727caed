import { changesUnderLoad, restarting } from "./changes.ts";
import { local } from "./local.ts";

// The processes of one topology restart one after the other, in whatever order they come.
changesUnderLoad("sentinel", local, [restarting], { inOrder: false });
changesUnderLoad("cluster", local, [restarting], { inOrder: false });
