type Close = () => Promise<void>;

const open = new Set<Close>();

/** Registers what must be undone however the program ends; the returned function undoes it now, once. */
export function undoLater(close: Close): Close {
  const once = async (): Promise<void> => {
    if (open.delete(once)) await close();
  };
  open.add(once);
  return once;
}

/** Undoes everything that is still open, the newest first. */
export async function undoAll(): Promise<void> {
  for (const close of [...open].reverse()) await close();
}
