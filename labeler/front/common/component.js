// The life of a component: Streamlit calls the default export of its module at first and whenever its data changes.

/**
 * What Streamlit passes to a component (``st.components.v2``).
 * @typedef {object} StreamlitComponent
 * @property {any} data what Python gave
 * @property {ParentNode & Node} parentElement
 * @property {(name: string, value: unknown) => void} setStateValue
 * @property {(name: string, value: unknown) => void} setTriggerValue
 */

/**
 * An object that draws a component.
 * @typedef {object} View
 * @property {HTMLElement} root
 * @property {(data: any, setState: SetValue, setTrigger: SetValue) => void} update
 * @property {() => void} remove
 *
 * @typedef {StreamlitComponent["setStateValue"]} SetValue
 */

/**
 * The default export of a component: it makes one view for each element, updates it, and removes it with the element.
 * @param {string} selector finds the component's root
 * @param {(root: any, data: any) => View} create
 * @returns {(component: StreamlitComponent) => () => void}
 */
export function component(selector, create) {
  const views = new WeakMap();
  return ({ data, parentElement, setStateValue, setTriggerValue }) => {
    let view = views.get(parentElement);
    if (!view) {
      const root = /** @type {HTMLElement} */ (parentElement.querySelector(selector));
      view = create(root, data);
      views.set(parentElement, view);
      root.removeAttribute("data-loading"); // theme.css hides it until here
    }
    view.update(data, setStateValue, setTriggerValue);
    return () => {
      // Streamlit also calls this when a newer update overtakes this one.
      if (view.root.isConnected) return;
      view.remove();
      views.delete(parentElement);
    };
  };
}
