import type { DynoView } from '../model/dyno.ts';
import type { DynoId } from '../model/ids.ts';
import type { DynoSelector } from './formation.ts';

interface Guest {
  readonly view: DynoView;
  readonly stop: () => void;
}

/** Dynos of an app that are listed with its formation and belong to somebody else, such as a release phase. */
export class Guests {
  readonly #guests = new Map<DynoId, Guest>();

  get views(): readonly DynoView[] {
    return [...this.#guests.values()].map(({ view }) => view);
  }

  /** Until the returned function is called. */
  show(view: DynoView, stop: () => void): () => void {
    this.#guests.set(view.id, { view, stop });
    return () => {
      this.#guests.delete(view.id);
    };
  }

  /** Tells those to stop that a selector names, by name or type. False: it names none. */
  stop(which: DynoSelector): boolean {
    if ('all' in which) return false;
    const named = [...this.#guests.values()].filter(({ view }) =>
      'type' in which ? view.type === which.type : view.name === which.name,
    );
    for (const { stop } of named) stop();
    return named.length > 0;
  }
}
