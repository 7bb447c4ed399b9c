package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// declared are the names of the repository's Go code: "package.Name", and
// "Type.Member" for methods, fields and embedded types.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, path := range files(t, ".go") {
		if strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names[file.Name.Name+"."+d.Name.Name] = true
				} else {
					names[typeName(d.Recv.List[0].Type)+"."+d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					declare(names, file.Name.Name, spec)
				}
			}
		}
	}
	return names
}

func declare(names map[string]bool, pkg string, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			names[pkg+"."+n.Name] = true
		}
	case *ast.TypeSpec:
		names[pkg+"."+s.Name.Name] = true
		var members *ast.FieldList
		switch body := s.Type.(type) {
		case *ast.StructType:
			members = body.Fields
		case *ast.InterfaceType:
			members = body.Methods
		default:
			return
		}
		for _, m := range members.List {
			for _, n := range m.Names {
				names[s.Name.Name+"."+n.Name] = true
			}
			if len(m.Names) == 0 {
				names[s.Name.Name+"."+typeName(m.Type)] = true
			}
		}
	}
}

// typeName is the name of a type without its package, pointer and parameters.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	}
	return ""
}

var (
	member  = regexp.MustCompile("`([A-Z][A-Za-z0-9]*\\.[A-Z][A-Za-z0-9]*)`")
	ofOurs  = regexp.MustCompile("`([a-z][a-z0-9]*)\\.([A-Z][A-Za-z0-9]*)(?:\\.([A-Z][A-Za-z0-9]*))?`")
	vectors = regexp.MustCompile(`(\d+) test vectors`)
	// foreign are packages that are not ours.
	foreign = map[string]bool{"sha256": true, "sync": true, "atomic": true, "net": true, "http": true, "time": true, "runtime": true, "os": true,
		"bytes": true, "fasthttp": true, "kafka": true}
)

// Documents name what the code has: a renamed method made design.md lie for months.
func TestEveryGoNameInTheDocumentsExists(t *testing.T) {
	names := declared(t)
	found := 0
	for _, path := range files(t, ".md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range member.FindAllStringSubmatch(string(text), -1) {
			found++
			if !names[m[1]] {
				t.Errorf("%s names %s, which the code does not have", path, m[1])
			}
		}
		for _, m := range ofOurs.FindAllStringSubmatch(string(text), -1) {
			if foreign[m[1]] || m[2] == "Containerfile" {
				continue
			}
			found++
			if !names[m[1]+"."+m[2]] || m[3] != "" && !names[m[2]+"."+m[3]] {
				t.Errorf("%s names %s, which the code does not have", path, m[0])
			}
		}
	}
	if found < 30 {
		t.Fatalf("only %d names were found: the patterns must be wrong", found)
	}
}

func TestTheNumberOfTestVectorsIsTheOneInTheDocuments(t *testing.T) {
	all, err := filepath.Glob(filepath.Join(root, "tokens/testdata/vectors/*.json"))
	if err != nil || len(all) < 100 {
		t.Fatalf("%d vectors, %v", len(all), err)
	}
	found := 0
	for _, path := range files(t, ".md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range vectors.FindAllStringSubmatch(string(text), -1) {
			found++
			if m[1] != strconv.Itoa(len(all)) {
				t.Errorf("%s says %s, there are %d", path, m[0], len(all))
			}
		}
	}
	if found == 0 {
		t.Error("no document says how many test vectors there are: the pattern must be wrong")
	}
}
