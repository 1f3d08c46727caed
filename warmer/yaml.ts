/** What is used of the package, to be loaded when it is needed. */
export { parse as parseYaml } from "yaml";
