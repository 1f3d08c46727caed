import { Password } from "./operations/password.ts";
const p = new Password("p");
export const x = p.value;
