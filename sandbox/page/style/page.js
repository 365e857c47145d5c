// What must happen in the browser itself: telling the server what was pressed, the keys of the
// message box, arrow keys in menus, and keeping the newest message in view. The server renders
// everything else.

const practiceSlack = (() => {
  // What is pressed while the page loads waits until the server has finished loading it.
  let waiting = [];

  function tell(token, args) {
    if (waiting) waiting.push([token, args]);
    else emitEvent("practice", token, ...args);
  }

  // How the page was opened, and the browser's time zone.
  function opened() {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    document.cookie = `practice_zone=${timeZone}; path=/; SameSite=Strict`;
    return [performance.getEntriesByType("navigation")[0].type, timeZone];
  }

  function ready() {
    const held = waiting || [];
    waiting = null;
    document.documentElement.dataset.ready = "yes";
    held.forEach(([token, args]) => tell(token, args));
  }

  const picked = () => document.querySelector('.suggestion[aria-selected="true"]');

  // Setting a value by script fires no event, so the input event is sent here.
  function put(box, text) {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  }

  function send(box) {
    const text = box.value;
    if (!text.trim()) return;
    box.value = "";
    box.dispatchEvent(new CustomEvent("send", { detail: text }));
  }

  function take(line) {
    const box = line.closest(".composer").querySelector(".composer-box");
    put(box, line.dataset.insert);
  }

  function movePick(step) {
    const lines = [...document.querySelectorAll(".suggestion")];
    const now = lines.indexOf(picked());
    const next = lines[(now + step + lines.length) % lines.length];
    lines.forEach((line) => line.setAttribute("aria-selected", line === next));
    next.scrollIntoView({ block: "nearest" });
  }

  // Enter completes only the text that the suggestions are for, because fast typing overtakes them;
  // and only if something is missing: a command typed in full is sent.
  function completes(box, line) {
    const list = line && line.closest(".suggestions");
    if (!list || list.dataset.complete !== "yes" || list.dataset.typed !== box.value) return false;
    return line.dataset.insert.trim() !== box.value.trim();
  }

  // Tab can overtake the suggestions too. Then the focus stays in the box, and the text is completed
  // as soon as they arrive, unless the user has typed more.
  let awaited = null;

  function awaits(box, line) {
    const list = line && line.closest(".suggestions");
    return Boolean(list) && list.dataset.typed !== box.value && /^\/\S*$|(^|\s)@\S*$/.test(box.value);
  }

  function completeAwaited() {
    const line = awaited && picked();
    const box = document.querySelector(".composer-box");
    if (!line || !box || line.closest(".suggestions").dataset.typed !== box.value) return;
    const wanted = awaited === box.value;
    awaited = null;
    if (wanted && completes(box, line)) take(line);
  }

  function key(e) {
    if (e.isComposing) return;
    awaited = null;
    const line = picked();
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (line && step) {
      e.preventDefault();
      movePick(step);
    } else if (line && e.key === "Escape") {
      line.closest(".suggestions").remove();
    } else if (e.key === "Tab" && completes(e.target, line)) {
      e.preventDefault();
      take(line);
    } else if (e.key === "Tab" && !e.shiftKey && awaits(e.target, line)) {
      e.preventDefault();
      awaited = e.target.value;
    } else if (e.key === "Enter" && !e.shiftKey) {
      e.preventDefault();
      if (completes(e.target, line)) take(line);
      else send(e.target);
    }
  }

  // Arrow keys walk through menus and lists of options.
  document.addEventListener("keydown", (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    const menu = e.target.closest && e.target.closest(".q-menu");
    if (!step || !menu) return;
    const items = [...menu.querySelectorAll(".menu-item")];
    if (!items.length) return;
    e.preventDefault();
    const now = items.indexOf(document.activeElement);
    items[Math.min(Math.max(now + step, 0), items.length - 1)].focus();
  });

  // A message or a view that the app changes is rendered again: the element that had the focus
  // gets it back.
  let left = null;
  // Text in a field that was not sent by Enter is kept when an answer arrives while the user
  // types.
  let unsent = null;

  function nameOf(element) {
    const block = element.closest("[data-block-id]");
    const action = element.closest("[data-action-id]");
    const place = element.closest("[data-ts], .modal, .home");
    if (!block || !action || !place) return null;
    const where = place.dataset.ts ? `[data-ts="${place.dataset.ts}"]` : `.${place.classList[0]}`;
    const ids = [block.dataset.blockId, action.dataset.actionId].map((id) => CSS.escape(id));
    return `${where} [data-block-id="${ids[0]}"] [data-action-id="${ids[1]}"]`;
  }

  document.addEventListener("focusin", (e) => (left = nameOf(e.target)));
  document.addEventListener(
    "pointerdown",
    (e) => e.target !== document.activeElement && (left = null),
    { capture: true },
  );
  document.addEventListener(
    "input",
    (e) => (unsent = { field: e.target, name: nameOf(e.target) }),
    { capture: true },
  );
  document.addEventListener("keydown", (e) => e.key === "Enter" && (unsent = null));

  function keepUnsent(again) {
    if (!unsent || unsent.field.isConnected || unsent.name !== left) return;
    const { value } = unsent.field;
    unsent = null;
    if (again.value !== value) put(again, value);
  }

  function comeBack() {
    if (!left || (document.activeElement && document.activeElement !== document.body)) return;
    const again = document.querySelector(left);
    if (!again || again.disabled) return;
    again.focus();
    keepUnsent(again);
    if (again.setSelectionRange && again.type === "text") {
      again.setSelectionRange(again.value.length, again.value.length);
    }
  }

  // While a button is held down nothing scrolls: the browser drops a click that does not start and
  // end on the same button.
  let held = false;
  let later = null;
  document.addEventListener("pointerdown", () => (held = true), { capture: true });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => setTimeout(letGo), { capture: true });
  }

  function letGo() {
    held = false;
    if (later) later();
    later = null;
  }

  // Something may be rendered again, or move, between pressing a button and letting it go. The
  // browser then sends no click, so it is sent here: to what the user pressed.
  const NEAR = 6; // pixels that a hand moves the mouse in a click
  let pressed = null;

  function press(target, at) {
    const element = target.closest && target.closest("button, a[href], label.option");
    pressed = element && !element.disabled ? { element, at, again: optionOf(element) } : null;
  }

  // A removed checkbox cannot be ticked; the one in its place can.
  function optionOf(element) {
    const box = element.matches("label.option") && element.querySelector("input");
    const name = box && nameOf(box);
    return name && `${name} input[value="${CSS.escape(box.value)}"]`;
  }

  function release(target, at) {
    const was = pressed;
    pressed = null;
    if (!was || (was.element.isConnected && was.element.contains(target))) return;
    if (Math.hypot(at.x - was.at.x, at.y - was.at.y) > NEAR) return;
    const element = was.again ? document.querySelector(was.again) : was.element;
    if (!element) return;
    // Removed while it waited for the answer to the press before: it was enabled when this one
    // began, and a disabled button takes no click.
    if (!element.isConnected) element.disabled = false;
    element.click();
  }

  const place = (e) => ({ x: e.clientX, y: e.clientY });
  document.addEventListener("pointerdown", (e) => e.button === 0 && press(e.target, place(e)), {
    capture: true,
  });
  document.addEventListener("pointerup", (e) => release(e.target, place(e)), { capture: true });
  document.addEventListener("pointercancel", () => (pressed = null), { capture: true });
  const HERE = { x: 0, y: 0 };
  document.addEventListener("keydown", (e) => e.key === " " && !e.repeat && press(e.target, HERE), {
    capture: true,
  });
  document.addEventListener(
    "keyup",
    // The focus has come back to what was rendered again.
    (e) => e.key === " " && pressed && !pressed.element.isConnected && release(e.target, HERE),
    { capture: true },
  );

  // What had the focus may have been rendered away; then Escape is for the topmost modal.
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || e.target !== document.body) return;
    const topmost = [...document.querySelectorAll(".q-dialog .modal")].pop();
    topmost?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  });

  // The newest message stays in view, unless the reader has scrolled up to read older ones.
  function follow(list) {
    let atEnd = true;
    const toEnd = () => {
      if (held) later = toEnd;
      else list.scrollTop = list.scrollHeight;
    };
    list.addEventListener("scroll", () => {
      atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    });
    new MutationObserver(() => atEnd && toEnd()).observe(list, { childList: true, subtree: true });
    new ResizeObserver(() => atEnd && toEnd()).observe(list);
    toEnd();
  }

  let followed = null;
  new MutationObserver(() => {
    const list = document.querySelector(".messages");
    if (list && list !== followed) follow((followed = list));
    completeAwaited();
    comeBack();
  }).observe(document, { childList: true, subtree: true });

  return {
    tell,
    opened,
    ready,
    key,
    take,
    noMenu: () => !document.querySelector(".q-menu"),
    sendFrom: (id) => send(document.getElementById(id)),
  };
})();
