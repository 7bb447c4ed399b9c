// Package nginx runs a rival: nginx with a Lua gate of about a hundred lines,
// which verifies a token once and then finds it in an LRU cache.
//
// It needs Debian's packages, or others of the same names: Missing says which
// are not there. It promises one worker on one processor and the processor time
// of that worker. The rival promises less than the gateway: no revocations, no
// metrics, no age of its data.
package nginx

import (
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
)

// Packages are those of Debian that the rival is made of.
const Packages = "nginx libnginx-mod-http-lua lua-resty-core lua-resty-lrucache lua-cjson"

//go:embed gate.lua nginx.conf
var files embed.FS

// parts are the files that must be there, each under one of its usual folders.
var parts = []struct {
	name    string
	folders []string
}{
	{"ndk_http_module.so", moduleFolders},
	{"ngx_http_lua_module.so", moduleFolders},
	{"resty/core.lua", luaFolders},
	{"resty/lrucache.lua", luaFolders},
	{"cjson.so", []string{"/usr/lib/*/lua/5.1", "/usr/local/lib/lua/5.1"}},
}

var (
	moduleFolders = []string{"/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"}
	luaFolders    = []string{"/usr/share/lua/5.1", "/usr/local/share/lua/5.1"}
)

// found is the path of a part; "" if it is nowhere.
func found(name string, folders []string) string {
	for _, folder := range folders {
		if paths, err := filepath.Glob(filepath.Join(folder, name)); err == nil && len(paths) > 0 {
			return paths[0]
		}
	}
	return ""
}

// Missing says why nginx cannot run here; nil: it can.
func Missing() error {
	var missing []string
	if _, err := exec.LookPath("nginx"); err != nil {
		missing = append(missing, "nginx")
	}
	for _, p := range parts {
		if found(p.name, p.folders) == "" {
			missing = append(missing, p.name)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("%s not found (Debian: apt-get install %s)", strings.Join(missing, ", "), Packages)
}

// Config is what the gate knows.
type Config struct {
	Keys    map[string][]byte   // Ed25519 public keys by the name that tokens give
	Devices map[string][]string // scopes by Authorization header
	Entries int                 // of the cache
	CPU     int                 // processor of the worker; below 0: any
}

// furnish writes what nginx reads into folder.
func (c Config) furnish(folder, address string) error {
	page := struct {
		Folder, Address, Affinity string
		Modules                   []string
	}{Folder: folder, Address: address}
	for _, p := range parts[:2] {
		page.Modules = append(page.Modules, found(p.name, p.folders))
	}
	if c.CPU >= 0 {
		page.Affinity = "1" + strings.Repeat("0", c.CPU)
	}
	var conf strings.Builder
	if err := template.Must(template.ParseFS(files, "nginx.conf")).Execute(&conf, page); err != nil {
		return err
	}
	gate, err := files.ReadFile("gate.lua")
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"nginx.conf": conf.String(), "gate.lua": string(gate), "settings.lua": c.settings()} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// settings is the configuration as a Lua module. Its strings are names and
// credentials of this benchmark; %q of such text is the same in both languages.
func (c Config) settings() string {
	var b strings.Builder
	fmt.Fprintf(&b, "return {\nentries = %d,\nkeys = {\n", c.Entries)
	for name, key := range c.Keys {
		fmt.Fprintf(&b, "[%q] = %q,\n", name, hex.EncodeToString(key))
	}
	b.WriteString("},\ndevices = {\n")
	for credential, scopes := range c.Devices {
		fmt.Fprintf(&b, "[%q] = {", credential)
		for _, scope := range scopes {
			fmt.Fprintf(&b, "[%q] = true,", scope)
		}
		b.WriteString("},\n")
	}
	b.WriteString("},\n}\n")
	return b.String()
}
