package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

// finish writes the functions multiply and compare.
func finish(c *build.Context, constants operand.Mem) {
	f := program.NewFinish()
	for _, function := range []struct {
		name, doc string
		steps     []program.Step
		given     []string // names of the areas
	}{
		{"multiply", "multiply multiplies in each lane.", f.Multiply, []string{"first", "second", "product"}},
		{"compare", "compare sets differ to 0 in the lanes where encoding is the encoding of x and y.", f.Compare, []string{"x", "y", "encoding", "differ"}},
	} {
		c.Function(function.name)
		c.Attributes(attr.NOSPLIT)
		c.Doc(function.doc)
		signature := "func("
		for i, name := range function.given {
			if i > 0 {
				signature += ", "
			}
			signature += name + " *uint64"
		}
		c.SignatureExpr(signature + ")")
		w := newWriter(c, constants)
		for i, name := range function.given {
			w.given[i] = c.Load(c.Param(name), c.GP64()).(reg.GPVirtual)
		}
		w.setup(f.Setup)
		w.write(function.name, function.steps)
		c.VZEROUPPER()
		c.RET()
	}
}
