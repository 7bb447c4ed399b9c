//go:build !purego

package fixedkey

import "golang.org/x/sys/cpu"

var hasADX = cpu.X86.HasBMI2 && cpu.X86.HasADX

// add adds e, or -e if sign is odd.
func (p *point) add(e *entry, sign uint32) {
	if hasADX {
		addADX(p, e, uint64(sign&1))
		return
	}
	p.addPlain(e, sign)
}

// addADX is addPlain in assembly: intermediate results of a multiplication stay in
// registers. sign is 0 or 1.
//
//go:noescape
func addADX(p *point, e *entry, sign uint64)
