/** What a key may do, least first; as the service has them. */
export const roles = ["viewer", "submitter", "admin"] as const;
export type Role = (typeof roles)[number];

/** True when a role may do what needs another one. */
export const allows = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed);
