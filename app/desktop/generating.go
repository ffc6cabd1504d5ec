//go:build bindings

package desktop

// generating: this build only writes the bindings of the user interface.
const generating = true
