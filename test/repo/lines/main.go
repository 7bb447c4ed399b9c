// Command lines counts the lines of the product, its equipment and its tests, now or at
// earlier revisions.
//
//	go run ./test/repo/lines [-packages] [REVISION ...]
//
// Product is every Go file of a package that railgate-gateway, railgate-issuer or
// railgate-stream links, on any system, except generated files. Equipment is all other Go code
// that is not a test: harness, generators, vectors, load test, benchmarks, demo. Pages are the
// scripts, styles and markup of web/, without web/npm, which are files of others; tests of pages
// are those of web/test. Code is every line that is not blank and not a comment.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

const module = "github.com/railgate/railgate/"

// count is the size of one part or package.
type count struct{ files, lines, code int }

func (c *count) add(o count) { c.files += o.files; c.lines += o.lines; c.code += o.code }

// tree is the count of one revision: by part, and for the product by package.
type tree struct {
	product, equipment, tests count
	pages, pageTests          count
	packages                  map[string]*count // and the folders of the pages
}

func main() {
	packages := flag.Bool("packages", false, "print the product's packages too")
	flag.Parse()
	if err := run(*packages, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "lines:", err)
		os.Exit(1)
	}
}

func run(packages bool, revisions []string) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "tree\tpart\tfiles\tlines\tcode\t")
	for _, r := range append(slices.Clone(revisions), "") {
		t, err := countTree(r)
		if err != nil {
			return err
		}
		name := r
		if r == "" {
			name = "here"
		}
		if packages {
			for _, p := range slices.Sorted(maps.Keys(t.packages)) {
				row(out, name, p, *t.packages[p])
			}
		}
		row(out, name, "product", t.product)
		row(out, name, "equipment", t.equipment)
		row(out, name, "tests", t.tests)
		row(out, name, "pages", t.pages)
		row(out, name, "tests of pages", t.pageTests)
	}
	return out.Flush()
}

func row(out io.Writer, tree, part string, c count) {
	fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t\n", tree, part, c.files, c.lines, c.code)
}

// countTree counts a revision, or the files of the working folder if revision is empty.
func countTree(revision string) (*tree, error) {
	root := "."
	if revision != "" {
		dir, err := os.MkdirTemp("", "lines")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		archive := exec.Command("git", "archive", "--format=tar", revision)
		unpack := exec.Command("tar", "-x", "-C", dir)
		if unpack.Stdin, err = archive.StdoutPipe(); err != nil {
			return nil, err
		}
		archive.Stderr, unpack.Stderr = os.Stderr, os.Stderr
		if err := errors.Join(unpack.Start(), archive.Run(), unpack.Wait()); err != nil {
			return nil, fmt.Errorf("%s: %w", revision, err)
		}
		root = dir
	}
	linked, err := linkedBy(root, "./cmd/gateway", "./cmd/issuer", "./cmd/stream")
	if err != nil {
		return nil, err
	}
	t := &tree{packages: map[string]*count{}}
	return t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, name)
		rel = filepath.ToSlash(rel)
		page := strings.HasPrefix(rel, "web/") && slices.Contains([]string{".js", ".css", ".html"}, path.Ext(rel)) && !strings.HasPrefix(rel, "web/npm/")
		if err != nil || d.IsDir() || !page && !strings.HasSuffix(name, ".go") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		folder, c := path.Dir(rel), countFile(text)
		switch {
		case page && strings.HasPrefix(rel, "web/test/"):
			t.pageTests.add(c)
		case page:
			t.pages.add(c)
			t.addFolder(folder, c)
		case generated(text):
		case strings.HasSuffix(name, "_test.go"):
			t.tests.add(c)
		case linked[folder]:
			t.product.add(c)
			t.addFolder(folder, c)
		default:
			t.equipment.add(c)
		}
		return nil
	})
}

func (t *tree) addFolder(folder string, c count) {
	if t.packages[folder] == nil {
		t.packages[folder] = &count{}
	}
	t.packages[folder].add(c)
}

// linkedBy returns the module's folders whose packages the commands link.
func linkedBy(root string, commands ...string) (map[string]bool, error) {
	list := exec.Command("go", append([]string{"list", "-deps"}, commands...)...)
	list.Dir, list.Stderr = root, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	linked := map[string]bool{}
	for _, p := range strings.Fields(string(out)) {
		if folder, ok := strings.CutPrefix(p, module); ok {
			linked[folder] = true
		}
	}
	return linked, nil
}

func countFile(text []byte) count {
	c, comment := count{files: 1}, false
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); c.lines++ {
		line := strings.TrimSpace(s.Text())
		begins := strings.HasPrefix(line, "/*") // a comment before code of its line counts as code
		if line != "" && !strings.HasPrefix(line, "//") && !comment && (!begins || strings.Contains(line, "*/") && !strings.HasSuffix(line, "*/")) {
			c.code++
		}
		if begins || comment {
			comment = !strings.Contains(line, "*/")
		}
	}
	return c
}

// generated reports whether a file is generated, by the comment that Go defines.
func generated(text []byte) bool {
	head, _, _ := bytes.Cut(text, []byte("\npackage "))
	return bytes.Contains(head, []byte("DO NOT EDIT"))
}
