// For tests only: dragsource FILE... shows a small window at the top left from
// which the files can be dragged, as from a file manager. Ends after one drag.
#include <gtk/gtk.h>
#include <stdlib.h>

static char **uris;

static void give(GtkWidget *w, GdkDragContext *c, GtkSelectionData *data, guint info, guint time, gpointer u) {
  (void)w, (void)c, (void)info, (void)time, (void)u;
  gtk_selection_data_set_uris(data, uris);
}

static void end(GtkWidget *w, GdkDragContext *c, gpointer u) {
  (void)w, (void)c, (void)u;
  gtk_main_quit();
}

int main(int argc, char **argv) {
  gtk_init(&argc, &argv);
  uris = g_new0(char *, argc);
  for (int i = 1; i < argc; i++) {
    char *path = realpath(argv[i], NULL);
    if (!path || !(uris[i - 1] = g_filename_to_uri(path, NULL, NULL))) {
      g_printerr("dragsource: no such file: %s\n", argv[i]);
      return 1;
    }
    free(path);
  }
  GtkWidget *window = gtk_window_new(GTK_WINDOW_POPUP); // placed without the window manager
  gtk_window_move(GTK_WINDOW(window), 0, 0);
  gtk_window_set_default_size(GTK_WINDOW(window), 60, 60);
  GtkWidget *handle = gtk_event_box_new();
  gtk_container_add(GTK_CONTAINER(window), handle);
  gtk_container_add(GTK_CONTAINER(handle), gtk_label_new("DRAG"));
  gtk_drag_source_set(handle, GDK_BUTTON1_MASK, NULL, 0, GDK_ACTION_COPY);
  gtk_drag_source_add_uri_targets(handle);
  g_signal_connect(handle, "drag-data-get", G_CALLBACK(give), NULL);
  g_signal_connect(handle, "drag-end", G_CALLBACK(end), NULL);
  gtk_widget_show_all(window);
  gtk_main();
  return 0;
}
