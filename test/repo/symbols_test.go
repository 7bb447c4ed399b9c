package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// symbols are the names that the repository's Go files declare.
type symbols struct {
	members map[string]map[string]bool // by type and by package: its methods, fields and declarations
	foreign map[string]bool            // packages that are imported and not the repository's
	words   map[string]bool            // every identifier and every word of a comment
	files   map[string]bool            // base names of all files
}

func (s *symbols) declare(owner, name string) {
	if s.members[owner] == nil {
		s.members[owner] = map[string]bool{}
	}
	s.members[owner][name] = true
}

var word = regexp.MustCompile(`\w+`)

// declaredSymbols reads all Go files. Test files declare no members, unless tests is set.
func declaredSymbols(t *testing.T, tests bool) *symbols {
	s := &symbols{members: map[string]map[string]bool{}, foreign: map[string]bool{}, words: map[string]bool{}, files: map[string]bool{}}
	for _, file := range files(t, "") {
		s.files[filepath.Base(file)] = true
	}
	for _, file := range files(t, ".go") {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range word.FindAllString(string(source), -1) {
			s.words[w] = true
		}
		s.addImports(parsed)
		if tests || !strings.HasSuffix(file, "_test.go") {
			s.addDeclarations(parsed)
		}
	}
	return s
}

func (s *symbols) addImports(f *ast.File) {
	for _, i := range f.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); !strings.HasPrefix(p, "github.com/railgate/") {
			s.foreign[path.Base(p)] = true
			s.foreign[strings.TrimSuffix(path.Base(p), "-go")] = true // kafka-go is package kafka
		}
	}
}

func (s *symbols) addDeclarations(f *ast.File) {
	pkg := strings.TrimSuffix(f.Name.Name, "_test")
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.declare(pkg, d.Name.Name)
			if d.Recv != nil {
				s.declare(receiver(d.Recv.List[0].Type), d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						s.declare(pkg, n.Name)
					}
				case *ast.TypeSpec:
					s.declare(pkg, spec.Name.Name)
					s.addType(spec.Name.Name, spec.Type)
				}
			}
		}
	}
}

// addType declares the fields of a structure and the methods of an interface.
func (s *symbols) addType(name string, of ast.Expr) {
	var list *ast.FieldList
	switch of := of.(type) {
	case *ast.StructType:
		list = of.Fields
	case *ast.InterfaceType:
		list = of.Methods
	default:
		return
	}
	for _, f := range list.List {
		for _, n := range f.Names {
			s.declare(name, n.Name)
		}
	}
}

func receiver(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.StarExpr:
		return receiver(of.X)
	case *ast.IndexExpr:
		return receiver(of.X)
	case *ast.IndexListExpr:
		return receiver(of.X)
	case *ast.Ident:
		return of.Name
	}
	return ""
}

var (
	// foreignNames are names of other software that documents mention.
	foreignNames = map[string]bool{
		"RateLimitBurst":          true,                        // systemd
		"emptyDir":                true,                        // Kubernetes
		"Ed25519PublicKey.verify": true,                        // Python's cryptography
		"isTorsionFree()":         true, "Point.fromHex": true, // noble-ed25519
	}
	quoted    = regexp.MustCompile("`([^`]+)`")
	qualified = regexp.MustCompile(`^(?:(\w+)\.)?([A-Za-z]\w*)\.([A-Za-z]\w*)(?:\(\))?$`)
	camelCase = regexp.MustCompile(`^(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)(?:\(\))?$`)
)

// missing says what is wrong with a name in backquotes; empty: nothing, or it is no Go name.
func (s *symbols) missing(name string) string {
	if foreignNames[name] || s.files[name] {
		return ""
	}
	if m := qualified.FindStringSubmatch(name); m != nil {
		pkg, owner, member := m[1], m[2], m[3]
		declared, ours := s.members[owner]
		switch {
		case strings.ToLower(name) == name, s.foreign[pkg], s.foreign[owner]:
			return "" // a setting, a file or a host; or another module's
		case !ours:
			return "no type or package " + owner
		case !declared[member]:
			return owner + " has no " + member
		case pkg != "" && !s.members[pkg][owner]:
			return pkg + " has no " + owner
		}
		return ""
	}
	if bare := strings.TrimSuffix(name, "()"); camelCase.MatchString(name) && !s.words[bare] && !s.words["Benchmark"+bare] {
		return "no such name in the code"
	}
	return ""
}

// A document that names a symbol is wrong when the symbol is renamed.
func TestDocumentsNameSymbolsThatExist(t *testing.T) {
	s := declaredSymbols(t, false)
	seen := 0
	for _, file := range files(t, ".md") {
		path, _ := filepath.Rel(root, file)
		if strings.Contains(path, "results/") || path == "CHANGELOG.md" {
			continue
		}
		for i, line := range strings.Split(readFile(t, path), "\n") {
			for _, m := range quoted.FindAllStringSubmatch(line, -1) {
				if qualified.MatchString(m[1]) || camelCase.MatchString(m[1]) {
					seen++
				}
				if wrong := s.missing(m[1]); wrong != "" {
					t.Errorf("%s:%d: `%s`: %s", path, i+1, m[1], wrong)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("%d symbols were found in documents: the pattern must be wrong", seen)
	}
	for _, name := range []string{"Set.Revoke", "Checker.Forget", "NoSuchType.Method", "revocation.NoSuch", "nosuch.Name", "gateway.Set.Has", "no" + "SuchName"} {
		if s.missing(name) == "" {
			t.Errorf("%s passes, and does not exist", name)
		}
	}
}

var docLink = regexp.MustCompile(`(?:^|[\s(])\[\*?(?:(\w+)\.)?([A-Z]\w*)(?:\.([A-Z]\w*))?\](?:[\s.,;:)'’]|$)`)

// A doc link in a comment leads to a declaration.
func TestDocLinksResolve(t *testing.T) {
	s := declaredSymbols(t, true)
	seen := 0
	for _, file := range files(t, ".go") {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		pkg := strings.TrimSuffix(f.Name.Name, "_test")
		for _, group := range f.Comments {
			for _, m := range docLink.FindAllStringSubmatch(group.Text(), -1) {
				seen++
				if !s.resolves(pkg, m[1], m[2], m[3]) {
					t.Errorf("%s: %s leads nowhere", set.Position(group.Pos()), strings.TrimSpace(m[0]))
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("%d doc links were found: the pattern must be wrong", seen)
	}
	if s.resolves("tokens", "", "NoSuch", "") || s.resolves("tokens", "", "Checker", "Forget") || s.resolves("tokens", "revocation", "NoSuch", "") {
		t.Error("a doc link to nothing passes")
	}
}

// resolves reports whether the doc link [owner.name.member] of a file of pkg leads to a
// declaration; owner and member may be empty. Links into other modules pass.
func (s *symbols) resolves(pkg, owner, name, member string) bool {
	if owner == "" {
		owner = pkg
	} else if s.members[owner] == nil {
		return true
	}
	return s.members[owner][name] && (member == "" || s.members[name][member])
}
