// What scripts of tests put into the window of a page, and what the compiler's library lacks.
interface Window {
  [name: string]: any;
}
interface Permissions {
  query(descriptor: {name: string}): Promise<PermissionStatus>;
}
