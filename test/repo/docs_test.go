// Package repo checks rules of the whole repository: which package may import which, the size of
// the issuer, the words of comments and documents, and the facts of documents that a program can
// check: links, sample settings, metric names, wire tables, symbols.
package repo

import (
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens/signing"
)

const root = "../.."

// files lists the repository's files with the given ending.
func files(t *testing.T, ending string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == ".git" || d.Name() == "out") {
			return filepath.SkipDir
		}
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ending) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		t.Fatalf("found %d files that end in %s: %v", len(paths), ending, err)
	}
	return paths
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryDocumentExists(t *testing.T) {
	for _, name := range []string{"README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE", "docs/design.md", "docs/revocation.md", "docs/operations.md",
		"docs/threat-model.md", "docs/integration.md", "docs/token-format.md", "docs/openapi/gateway.yaml", "docs/openapi/issuer.yaml"} {
		if len(readFile(t, name)) < 500 {
			t.Errorf("%s is almost empty", name)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestRelativeLinksResolve(t *testing.T) {
	links := 0
	for _, path := range files(t, ".md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			links++
			if target == "" {
				target = filepath.Base(path)
			}
			to := filepath.Join(filepath.Dir(path), target)
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(t, to), anchor) {
				t.Errorf("%s links to %s: there is no such heading", path, m[1])
			}
		}
	}
	if links < 20 {
		t.Fatalf("only %d links were found: the pattern must be wrong", links)
	}
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchors returns the anchors of a document's headings.
func anchors(t *testing.T, path string) (all []string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			clean := notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			all = append(all, strings.ReplaceAll(clean, " ", "-"))
		}
	}
	return all
}

var metric = regexp.MustCompile(`railgate_[a-z0-9_]+[a-z0-9]`)

// Operators write alarms from the document: it must name every metric, and no metric that does not
// exist.
func TestOperationsNamesEveryMetric(t *testing.T) {
	inCode := map[string]bool{}
	for _, path := range files(t, ".go") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(railgate_[a-z0-9_]+)"`).FindAllStringSubmatch(string(text), -1) {
			inCode[m[1]] = true
		}
	}
	doc := readFile(t, "docs/operations.md")
	inDoc := map[string]bool{}
	for _, m := range metric.FindAllString(doc, -1) {
		inDoc[m] = true
	}
	for name := range inCode {
		// A program that reads a histogram uses the names of its parts.
		whole := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")
		if !inDoc[name] && !inDoc[whole] {
			t.Errorf("docs/operations.md does not name the metric %s", name)
		}
	}
	for name := range inDoc {
		if !inCode[name] && !inCode[strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")] {
			t.Errorf("docs/operations.md names the metric %s, which no program exports", name)
		}
	}
	if len(inCode) < 15 {
		t.Fatalf("found only %d metrics in the code", len(inCode))
	}
}

var setting = regexp.MustCompile(`toml:"([a-z_0-9]+)"`)

// Each sample file contains every setting, and its command accepts it.
func TestSampleSettingsAreCompleteAndValid(t *testing.T) {
	runtest.DependsOnSources(t, root)
	const placeholder = "REPLACE-WITH-64-HEX-DIGITS"
	for command, sources := range map[string][]string{
		"gateway": {"cmd/gateway/settings.go", "gateway/device.go", "gateway/policy.go", "gateway/mode.go", "revocation/kafka/security.go"},
		"issuer":  {"cmd/issuer/settings.go", "revocation/kafka/security.go"},
	} {
		sample := readFile(t, "deploy/config/"+command+".toml")
		for _, source := range sources {
			for _, m := range setting.FindAllStringSubmatch(readFile(t, source), -1) {
				if !regexp.MustCompile(`(?m)^(# ?)?\[*([a-z_]+\.)*` + m[1] + `\b`).MatchString(sample) {
					t.Errorf("deploy/config/%s.toml does not show %s", command, m[1])
				}
			}
		}
		// Commented defaults are checked too: the command must accept them.
		sample = regexp.MustCompile(`(?m)^# ([a-z_]+ = )`).ReplaceAllString(sample, "$1")
		keys := filepath.Join(t.TempDir(), "keys")
		if command == "issuer" {
			output(t, command, "-init", keys)
			sample = strings.Replace(sample, `"/etc/railgate/keys"`, `"`+keys+`"`, 1)
			sample = strings.Replace(sample, "id = 40001", "", 1) // the example of an optional table
			sample = strings.Replace(sample, `public = "64 hex digits"`, "", 1)
		}
		sample = strings.Replace(sample, `"/var/lib/railgate"`, `"`+t.TempDir()+`"`, 1)
		file := filepath.Join(t.TempDir(), command+".toml")
		key := signing.NewKey([signing.SeedSize]byte{5}).Public() // 64 hex digits that are a valid public key
		filled := strings.ReplaceAll(sample, placeholder, hex.EncodeToString(key[:]))
		if err := os.WriteFile(file, []byte(filled), 0o600); err != nil {
			t.Fatal(err)
		}
		output(t, command, "-config", file, "-check")
	}
}

// A setting that is commented out in a sample shows its default, which must be that of -h.
func TestSamplesShowTheDefaults(t *testing.T) {
	runtest.DependsOnSources(t, root)
	for _, command := range []string{"gateway", "issuer"} {
		help := output(t, command, "-h")
		found, table := 0, ""
		for line := range strings.Lines(readFile(t, "deploy/config/"+command+".toml")) {
			if m := regexp.MustCompile(`^(?:# )?\[+([a-z_.]+)\]`).FindStringSubmatch(line); m != nil {
				table = m[1] + "."
			}
			m := regexp.MustCompile(`^# ([a-z_]+) = ("[^"]*"|[0-9]+)`).FindStringSubmatch(line)
			if m == nil || m[1] == "public" || table == "announce." {
				continue // public and id are examples, not defaults
			}
			found++
			at := regexp.MustCompile(`(?m)^  -` + regexp.QuoteMeta(table+m[1]) + ` `).FindStringIndex(help)
			if at == nil {
				if !strings.HasPrefix(table, "device.") { // no flags
					t.Errorf("deploy/config/%s.toml shows %s%s, which -h does not list", command, table, m[1])
				}
				continue
			}
			value := regexp.MustCompile(`\(default\s+"?([^")]*)"?\)`).FindStringSubmatch(help[at[0]:])
			want := strings.Trim(m[2], `"`)
			if value == nil || strings.TrimSuffix(strings.TrimSuffix(value[1], "0s"), "0m") != strings.TrimSuffix(strings.TrimSuffix(want, "0s"), "0m") {
				t.Errorf("deploy/config/%s.toml shows %s%s = %s; -h says %q", command, table, m[1], m[2], value)
			}
		}
		if found < 4 {
			t.Fatalf("%s: found only %d commented settings", command, found)
		}
	}
}

func output(t *testing.T, command string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./cmd/" + command}, args...)...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %v: %v\n%s", command, args, err, out)
	}
	return string(out)
}

// The tables of batches have the offsets and, where the code names them, the sizes of the code.
func TestBatchTableHasTheOffsetsOfTheCode(t *testing.T) {
	for _, c := range []struct {
		code, doc string
		fields    int
	}{{"revocation/batch.go", "docs/revocation.md", 8}, {"passage/batch.go", "docs/passback.md", 8}} {
		code, source := map[string][2]string{}, readFile(t, c.code)
		for _, m := range regexp.MustCompile(`(?m)^\toff([A-Z][a-z]+) += (\d+)(?: +// (\d+))?`).FindAllStringSubmatch(source, -1) {
			code[m[1]] = [2]string{m[2], m[3]}
		}
		doc := map[string][2]string{}
		for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \| (\d+) \| ([A-Z][a-z]+) \|`).FindAllStringSubmatch(readFile(t, c.doc), -1) {
			doc[m[3]] = [2]string{m[1], m[2]}
		}
		if len(code) != c.fields {
			t.Fatalf("%s: found %d offsets, want %d", c.code, len(code), c.fields)
		}
		for name, at := range code {
			if doc[name][0] != at[0] || at[1] != "" && doc[name][1] != at[1] {
				t.Errorf("%s: %s has offset and size %q in the code and %q in %s", c.code, name, at, doc[name], c.doc)
			}
		}
	}
}

// The record of docs/passback.md has the fields and the size of the code.
func TestRecordTableHasTheSizesOfTheCode(t *testing.T) {
	size := func(name string) int {
		m := regexp.MustCompile(`(?m)^\t` + name + ` += (\d+)`).FindStringSubmatch(readFile(t, "passage/batch.go"))
		if m == nil {
			t.Fatalf("the code does not name %s", name)
		}
		n, _ := strconv.Atoi(m[1])
		return n
	}
	_, table, found := strings.Cut(readFile(t, "docs/passback.md"), "| Size | Field of a record |")
	if !found {
		t.Fatal("docs/passback.md has no table of the record")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	total := 0
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(table, -1) {
		n, _ := strconv.Atoi(m[1])
		total += n
	}
	if want := size("recordSize") + size("uploadSize"); total != want {
		t.Errorf("the fields of a record have %d bytes in docs/passback.md, %d in the code", total, want)
	}
}

// Documents name no path of a particular machine.
func TestNoDocumentNamesAMachine(t *testing.T) {
	for _, ending := range []string{".md", ".yaml", ".toml", ".txt"} {
		for _, path := range files(t, ending) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if m := regexp.MustCompile(`(?m)(^|[\s"'(=` + "`" + `])(/root/|/home/[a-z]|/Users/|/tmp/[a-z])[^\s]*`).FindString(string(text)); m != "" {
				t.Errorf("%s names the path %s", path, m)
			}
		}
	}
}

var treePath = regexp.MustCompile("`((?:bench|cmd|deploy|docs|gateway|internal|issuance|loadtest|revocation|test|tokens)/[a-zA-Z0-9_./-]+)`")

// Paths in documents exist. Raw results and the changelog describe the past and are not checked.
func TestEveryPathInTheDocumentsExists(t *testing.T) {
	for _, file := range files(t, ".md") {
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "bench/results") || name == "CHANGELOG.md" {
			continue
		}
		for _, m := range treePath.FindAllStringSubmatch(readFile(t, name), -1) {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil && !strings.Contains(m[1], "DATE-MACHINE") {
				t.Errorf("%s names %s, which does not exist", name, m[1])
			}
		}
	}
}
