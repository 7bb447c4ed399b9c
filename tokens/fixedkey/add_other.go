//go:build !amd64 || purego

package fixedkey

// add adds e, or -e if sign is odd.
func (p *point) add(e *entry, sign uint32) { p.addPlain(e, sign) }
