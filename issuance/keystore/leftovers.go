package keystore

import (
	"fmt"
	"strings"
)

// leftovers explains what commands that were cut off left behind.
func (d *directory) leftovers(plain []string) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, name := range d.names {
		id, isRetired := retiredID(name)
		switch {
		case isUnfinished(name):
			say("%s was not finished and never was a key; the next command that changes the directory removes it", name)
		case isRetired && !d.isRetired(id):
			say("%s may still hold its secret: a Retire was cut off; retire key %d again", name, id)
		case strings.HasPrefix(name, fieldStem) && strings.HasSuffix(name, dropped):
			say("%s may still hold its secret: a DropFieldKey was cut off; drop the key again", name)
		}
	}
	if d.seal != nil && len(plain) > 0 {
		say("%s: not sealed, in a sealed directory: a Seal was cut off; seal the directory again", strings.Join(plain, ", "))
	}
	if d.seal != nil && len(d.seal.keys) > 1 {
		say("the old passphrase's key is still in use: a Reseal was cut off; seal the directory again with the new passphrase")
	}
	return out
}
