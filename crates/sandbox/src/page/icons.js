// Line icons, so that the tools look the same whatever emoji font there is.
const PATHS = {
  code: "M8.5 7 4 12l4.5 5M15.5 7 20 12l-4.5 5",
  at: "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zm0 0v1.6c0 3.4 4.4 3.2 4.4-1.6a8.4 8.4 0 1 0-3.3 6.7",
  plus: "M12 5v14M5 12h14",
  send: "M4.5 12h9M4.5 12 3 4.5 21 12 3 19.500z",
  eye: "M2.500 12s3.500-6.500 9.500-6.500 9.500 6.500 9.500 6.500-3.500 6.500-9.500 6.500S2.500 12 2.500 12zm12.500 0a3 3 0 1 1-6 0 3 3 0 0 1 6 0z",
  check: "M4.500 12.500 10 18 19.500 6.500",
  thread: "M20 14.500a2 2 0 0 1-2 2H9l-5 4V6a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2zM8.500 8.500h7M8.500 12h4",
  edit: "M4 20h4L19.500 8.500l-4-4L4 16zM13 7l4 4",
  trash: "M4.500 7h15M9.500 7V4.500h5V7M6.500 7l1 13h9l1-13M10 11v5.500M14 11v5.500",
  file: "M6 3h8l4.500 4.500V21H6zM13.500 3v5h5",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  sun: "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM12 2.500v2.500M12 19v2.500M2.500 12H5M19 12h2.500M5.300 5.300 7 7M17 17l1.700 1.700M5.300 18.700 7 17M17 7l1.700-1.700",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  bolt: "M13 3 5 13.500h6L10.500 21 19 10h-6.500z",
  more: "M5.500 12a.8.8 0 1 0 1.600 0 .8.8 0 0 0-1.600 0M11.200 12a.8.8 0 1 0 1.600 0 .8.8 0 0 0-1.600 0M16.900 12a.8.8 0 1 0 1.600 0 .8.8 0 0 0-1.600 0",
  play: "M12 3.200a8.800 8.800 0 1 0 .01 0zM10 8.400v7.200l5.600-3.600z",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  help: "M9 9.200a3 3 0 1 1 4.400 2.700c-1 .5-1.400 1-1.400 2.100M12 17.500v.3",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" })) svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name] ?? "");
  svg.append(path);
  return svg;
}
