// Package nginx runs a rival for benchmarks: nginx with a Lua gate of about a hundred
// lines, which verifies a token once and then finds it in an LRU cache.
//
// It needs the packages of Debian, or others with the same files; [Missing] lists missing
// ones. It runs one worker on one processor and reports the processor time of the worker.
// The rival does less than the gateway: no revocations, no metrics, no age of its data.
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

// Packages lists the Debian packages that the rival needs.
const Packages = "nginx libnginx-mod-http-lua lua-resty-core lua-resty-lrucache lua-cjson"

//go:embed gate.lua nginx.conf
var files embed.FS

// parts lists the required files with their usual folders.
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

// findPart returns the path of a part, or "" if it is missing.
func findPart(name string, folders []string) string {
	for _, folder := range folders {
		if paths, err := filepath.Glob(filepath.Join(folder, name)); err == nil && len(paths) > 0 {
			return paths[0]
		}
	}
	return ""
}

// Missing returns an error with the missing files, or nil if nginx can run.
func Missing() error {
	var missing []string
	if _, err := exec.LookPath("nginx"); err != nil {
		missing = append(missing, "nginx")
	}
	for _, p := range parts {
		if findPart(p.name, p.folders) == "" {
			missing = append(missing, p.name)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("%s not found (Debian: apt-get install %s)", strings.Join(missing, ", "), Packages)
}

// Config is the configuration of the gate.
type Config struct {
	Keys    map[string][]byte   // Ed25519 public keys by the kid of tokens
	Devices map[string][]string // scopes by Authorization header
	Entries int                 // size of the cache
	CPU     int                 // processor of the worker; negative: any
}

// writeFiles writes the files of nginx to folder.
func (c Config) writeFiles(folder, address string) error {
	page := struct {
		Folder, Address, Affinity string
		Modules                   []string
	}{Folder: folder, Address: address}
	for _, p := range parts[:2] {
		page.Modules = append(page.Modules, findPart(p.name, p.folders))
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

// settings returns the configuration as a Lua module. Its strings are names and
// credentials of this benchmark, for which %q gives the same text in Go and Lua.
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
