/** Images that tests run: the public image that is the same, by our name. */
export const recipes: Readonly<Record<string, { readonly official: string }>>;
