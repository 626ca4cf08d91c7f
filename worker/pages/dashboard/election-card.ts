/** The card of one election: its leader, the rest of the lease, what the leader has published, and the queue. */
import { fromTemplate, type Item, keyedList, onPress, part, setEnabled, setText, textElement } from "./dom.ts";
import { LeaseBar } from "./lease-bar.ts";
import { QueueList } from "./queue-list.ts";
import type { ElectionView, PublishedView } from "./view/elections.ts";

export interface CardActions {
  /** `view`: the view that the card shows at the click. */
  stepDown(view: ElectionView, tell: (outcome: string) => void): void;
  transfer(view: ElectionView, tell: (outcome: string) => void): void;
}

export interface ElectionCard extends Item<ElectionView> {
  /** Called several times a second. */
  tick(): void;
}

/** `askedAt`: when the request for the shown status was sent. */
export function electionCard(first: ElectionView, actions: CardActions, askedAt: () => number): ElectionCard {
  const element = fromTemplate("card-template", HTMLElement);
  const own = <T extends Element>(name: string, type: new () => T): T => part(element, name, type);
  const lease = new LeaseBar(element);
  const queue = new QueueList(element);
  const showPublished = keyedList<PublishedView>(own("published", HTMLElement), keyOfPublished, publishedItem);
  const [stepDown, transfer] = [own("step-down", HTMLButtonElement), own("transfer", HTMLButtonElement)];
  let shown = first;
  const tell = (outcome: string): void => setText(own("outcome", HTMLElement), outcome);
  onPress(stepDown, () => actions.stepDown(shown, tell));
  onPress(transfer, () => actions.transfer(shown, tell));
  return {
    element,
    tick: () => lease.tick(),
    update(view) {
      shown = view;
      const { holder, published } = view;
      element.dataset["tone"] = view.tone;
      const title = own("title", HTMLElement);
      setText(title, view.title);
      title.title = view.title;
      setText(own("state", HTMLElement), view.stateLabel);
      own("holder", HTMLElement).hidden = holder === null;
      setText(own("name", HTMLElement), holder?.name ?? "");
      setText(own("epoch", HTMLElement), holder === null ? "" : String(holder.epoch));
      setText(own("session", HTMLElement), holder?.sessionId ?? "");
      own("vacancy", HTMLElement).hidden = view.vacancy === null;
      setText(own("vacancy", HTMLElement), view.vacancy ?? "");
      own("published-section", HTMLElement).hidden = published.length === 0;
      showPublished(published);
      lease.update(view, askedAt());
      queue.update(view);
      stepDown.setAttribute("aria-label", `Step down, ${view.title}`);
      transfer.setAttribute("aria-label", `Transfer, ${view.title}`);
      setEnabled(stepDown, view.state === "leading");
      setEnabled(transfer, view.state === "leading" && view.readyCount > 0);
    },
  };
}

const keyOfPublished = ({ component }: PublishedView): string => component;

function publishedItem(): Item<PublishedView> {
  const element = fromTemplate("published-template", HTMLLIElement);
  const metadata = part(element, "metadata", HTMLElement);
  return {
    element,
    update(view) {
      setText(part(element, "component", HTMLElement), view.component);
      setText(part(element, "address", HTMLElement), view.address ?? "no address");
      metadata.hidden = view.metadata.length === 0;
      const pairs = JSON.stringify(view.metadata);
      if (metadata.dataset["pairs"] === pairs) return;
      metadata.dataset["pairs"] = pairs;
      metadata.replaceChildren(...view.metadata.map(metadataElement));
    },
  };
}

function metadataElement([name, value]: PublishedView["metadata"][number]): HTMLElement {
  const pair = document.createElement("span");
  pair.className = "pair";
  pair.append(textElement("bdi", "key", name), " ", textElement("bdi", "value", value));
  return pair;
}
