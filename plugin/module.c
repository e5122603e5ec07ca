/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* dladdr() */
#include "module.h"

#include "compat.h"
#include "complain.h"
#include "menu.h"
#include "plain.h"

#include <dlfcn.h>
#include <gmodule.h>

enum { FIRST_LOOK_MS = 200 }; /* Wireshark's window is there by then, and its start not slowed */

/* A module stays: Qt objects of it may live as long as the program. */
static const TwinWindow *window; // NOLINT(*-avoid-non-const-global-variables)

const TwinWindow *twin_module_window(void)
{
    return window;
}

/* One folder above the plugin's own, which Wireshark searches for plugins. (transfer full) */
static char *module_path(void)
{
    Dl_info self;
    static const char here;
    if (dladdr(&here, &self) == 0 || self.dli_fname == NULL) {
        return NULL;
    }
    g_autofree char *folder = g_path_get_dirname(self.dli_fname);
    g_autofree char *above = g_path_get_dirname(folder);
    return g_build_filename(above, "flowtwin-qt.so", NULL);
}

static const TwinWindow *load(void)
{
    g_autofree char *path = module_path();
    if (path == NULL || !g_file_test(path, G_FILE_TEST_EXISTS)) {
        return NULL;
    }
    GModule *module = g_module_open(path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
    if (module == NULL) {
        ws_warning("flowtwin: plain dialogs: %s", g_module_error());
        return NULL;
    }
    g_module_make_resident(module);
    TwinWindowModule entry = NULL;
    const TwinWindow *found =
        g_module_symbol(module, TWIN_WINDOW_SYMBOL, (gpointer *)&entry) ? entry() : NULL;
    if (found == NULL || found->interface != TWIN_WINDOW_INTERFACE) {
        ws_warning("flowtwin: plain dialogs: %s is of another build", path);
        return NULL;
    }
    return found;
}

static gboolean look(void *data)
{
    (void)data;
    if (twin_has_window()) {
        const TwinWindow *found = load();
        window = found != NULL ? found : twin_plain_window();
        twin_menu_hook(window);
    }
    return G_SOURCE_REMOVE;
}

void twin_module_start(void)
{
    (void)g_timeout_add(FIRST_LOOK_MS, look, NULL);
}
