// Waiting inside the page: a look is repeated after every change of the document, not on a clock.

const running = new Map(); // token -> stop

// Changes of layout by style sheets, and of the address, are announced by nothing: a slow timer sees them.
const SAFETY_MS = 250;
const LEAST_GAP_MS = 8;
const EVENTS = ["input", "change", "scroll", "transitionend", "animationend", "load", "resize"];

// Resolves with what `look` returns once that is not undefined; after `milliseconds`, or when
// cancelled, with what `atEnd` returns.
function waitFor(token, milliseconds, look, atEnd) {
  return new Promise((resolve, reject) => {
    let timer = 0;
    let lastLook = -Infinity;
    let gap = LEAST_GAP_MS;
    const began = performance.now();

    function finish(settle, value) {
      observer.disconnect();
      clearTimeout(timer);
      for (const name of EVENTS) window.removeEventListener(name, changed, true);
      running.delete(token);
      settle(value);
    }

    function lookNow() {
      clearTimeout(timer);
      lastLook = performance.now();
      try {
        const seen = look(lastLook);
        if (seen !== undefined) return finish(resolve, seen);
        if (lastLook - began >= milliseconds) return finish(resolve, atEnd());
      } catch (error) {
        return finish(reject, error);
      }
      // A costly look on a busy page must not eat the page's time: at most about a tenth of it.
      gap = Math.max(LEAST_GAP_MS, (performance.now() - lastLook) * 9);
      plan(Math.min(SAFETY_MS, Math.max(1, began + milliseconds - lastLook)));
    }

    function plan(delay) {
      clearTimeout(timer);
      timer = setTimeout(lookNow, delay);
    }

    function changed() {
      const wait = lastLook + gap - performance.now();
      if (wait <= 0) lookNow();
      else plan(wait);
    }

    const observer = new MutationObserver(changed);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    for (const name of EVENTS) window.addEventListener(name, changed, { capture: true, passive: true });
    running.set(token, () => finish(resolve, null));
    lookNow();
  });
}

function cancel(token) {
  const stop = running.get(token);
  if (stop) stop();
}

function watching() {
  return running.size;
}

// The next frame of animations, or a tenth of a second where no frames are drawn.
function nextFrame() {
  return new Promise((done) => {
    const timer = setTimeout(done, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      done();
    });
  });
}
