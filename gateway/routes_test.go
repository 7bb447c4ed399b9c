package gateway_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

// routedPaths reads from the source the paths that are routed: the cases of the switch
// in serve. Routes made in another way must be added here.
func routedPaths(t testing.TB) (paths []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "check.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]ast.Expr{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == len(spec.Values) {
			for i, name := range spec.Names {
				constants[name.Name] = spec.Values[i]
			}
		}
		return true
	})
	for _, decl := range file.Decls {
		serve, ok := decl.(*ast.FuncDecl)
		if !ok || serve.Name.Name != "serve" {
			continue
		}
		ast.Inspect(serve, func(n ast.Node) bool {
			clause, ok := n.(*ast.CaseClause)
			if !ok {
				return true
			}
			for _, path := range clause.List {
				if name, ok := path.(*ast.Ident); ok {
					path = constants[name.Name]
				}
				literal, ok := path.(*ast.BasicLit)
				if !ok {
					t.Fatalf("a path in serve is neither a literal nor a constant of check.go")
				}
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				paths = append(paths, text)
			}
			return true
		})
	}
	slices.Sort(paths)
	if len(paths) == 0 {
		t.Fatal("no path found: was serve moved?")
	}
	return paths
}

// jsonValue parses JSON as schema validation needs it.
func jsonValue(body []byte) (v any, err error) {
	err = json.Unmarshal(body, &v)
	return v, err
}
