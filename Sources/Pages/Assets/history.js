// Pages that are only read.

export function attach() {}
