// Accessible prints what a screen reader gets of the window: one element a line,
// with its role, its kind of landmark, its name and its text, parted by tabs.
//
//	accessible NAME-OF-THE-PROGRAM
#include <atspi/atspi.h>
#include <stdio.h>
#include <string.h>

static int left = 20000; // elements: a tree without an end is a fault

static void field(const char *s) {
  putchar('\t');
  for (; s && *s; s++) putchar(*s == '\n' || *s == '\t' ? ' ' : *s);
}

static void walk(AtspiAccessible *a, int depth) {
  if (depth > 200 || left-- <= 0) return;
  char *role = atspi_accessible_get_role_name(a, NULL);
  char *name = atspi_accessible_get_name(a, NULL);
  GHashTable *attributes = atspi_accessible_get_attributes(a, NULL);
  char *text = NULL;
  AtspiText *t = atspi_accessible_get_text_iface(a);
  if (t) {
    text = atspi_text_get_text(t, 0, atspi_text_get_character_count(t, NULL), NULL);
    g_object_unref(t);
  }
  fputs(role ? role : "", stdout);
  field(attributes ? g_hash_table_lookup(attributes, "xml-roles") : NULL);
  field(name);
  field(text);
  putchar('\n');
  g_free(role);
  g_free(name);
  g_free(text);
  if (attributes) g_hash_table_unref(attributes);
  int n = atspi_accessible_get_child_count(a, NULL);
  for (int i = 0; i < n && left > 0; i++) {
    AtspiAccessible *child = atspi_accessible_get_child_at_index(a, i, NULL);
    if (!child) continue; // gone meanwhile
    walk(child, depth + 1);
    g_object_unref(child);
  }
}

int main(int argc, char **argv) {
  if (argc != 2 || atspi_init() > 1) return 2;
  AtspiAccessible *desktop = atspi_get_desktop(0);
  int found = 0, n = atspi_accessible_get_child_count(desktop, NULL);
  for (int i = 0; i < n; i++) {
    AtspiAccessible *program = atspi_accessible_get_child_at_index(desktop, i, NULL);
    char *name = program ? atspi_accessible_get_name(program, NULL) : NULL;
    if (name && !strcmp(name, argv[1])) {
      found = 1;
      walk(program, 0);
    }
    g_free(name);
    if (program) g_object_unref(program);
  }
  return found ? 0 : 1;
}
