package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// kind is what a key file can be. Its heads are the first line of the plain and
// of the sealed form: what it is, the version of the format, and a warning for
// whoever opens it by chance.
type kind struct {
	what, does string
	names      []string // of the lines below the head, in order
	optional   int      // how many of the last names older files lack
}

var (
	authorityKind = &kind{what: "authority key", does: "signs the control stream", names: []string{"seed"}}
	issuerKind    = &kind{what: "issuer key", does: "signs passes", names: []string{"id", "seed", "created"}, optional: 1}
	vaultKind     = &kind{what: "vault master", does: "opens personal data", names: []string{"master"}}
	fieldKind     = &kind{what: "vault field key", does: "opens personal data", names: []string{"number", "secret"}}
)

func (k *kind) plainHead() string  { return "railgate " + k.what + " v1 (secret: " + k.does + ")" }
func (k *kind) sealedHead() string { return "railgate " + k.what + " v2 (sealed: " + k.does + ")" }

// keyFile is a key file's text, taken apart. Plain files have values, sealed ones
// a box under a directory key.
type keyFile struct {
	values []string
	sealed bool
	under  keyID
	box    []byte
}

// parse reads either form. Errors name the line, never its content.
func parse(k *kind, text []byte) (*keyFile, error) {
	if !bytes.HasPrefix(text, []byte(k.sealedHead()+"\n")) {
		values, err := k.values(k.plainHead(), text)
		return &keyFile{values: values}, err
	}
	v, err := split(text, k.sealedHead(), "under", "box")
	if err != nil {
		return nil, err
	}
	under, ok := lowerHex(v[0])
	if !ok || len(under) != len(keyID{}) {
		return nil, fmt.Errorf(`"under" must be %d lower-case hex digits`, 2*len(keyID{}))
	}
	box, ok := lowerHex(v[1])
	if !ok {
		return nil, errors.New(`"box" must be lower-case hex digits`)
	}
	return &keyFile{sealed: true, under: keyID(under), box: box}, nil
}

// values reads the lines of the plain form, which is also what a box holds.
func (k *kind) values(head string, text []byte) ([]string, error) {
	names := k.names
	if k.optional > 0 && bytes.Count(text, []byte("\n")) <= len(names)+1-k.optional {
		names = names[:len(names)-k.optional]
	}
	return split(text, head, names...)
}

// plain writes the plain form.
func (k *kind) plain(values []string) []byte {
	text := k.plainHead() + "\n"
	for i, v := range values {
		text += k.names[i] + " " + v + "\n"
	}
	return []byte(text)
}

// seal writes the sealed form. The name and all that stands before the box are
// authenticated with it.
func (k *kind) seal(name string, values []string, under *directoryKey) []byte {
	head := k.boxHead(under.id())
	box := under.file(name).Seal(nil, nil, k.plain(values), boxContext(name, head))
	return fmt.Appendf(head, "box %x\n", box)
}

// open is the other way round.
func (k *kind) open(name string, f *keyFile, under *directoryKey) ([]string, error) {
	text, err := under.file(name).Open(nil, nil, f.box, boxContext(name, k.boxHead(f.under)))
	if err != nil {
		return nil, errors.New("was damaged, altered, renamed or exchanged; take it from the backup")
	}
	return k.values(k.plainHead(), text)
}

func (k *kind) boxHead(under keyID) []byte {
	return fmt.Appendf(nil, "%s\nunder %x\n", k.sealedHead(), under)
}

func boxContext(name string, head []byte) []byte { return append([]byte(name+"\n"), head...) }

// split reads a head and exactly the named lines, in order.
func split(text []byte, head string, names ...string) ([]string, error) {
	lines := strings.Split(string(text), "\n")
	if lines[0] != head {
		return nil, fmt.Errorf("does not begin with the line %q", head)
	}
	if len(lines) != len(names)+2 || lines[len(lines)-1] != "" {
		return nil, fmt.Errorf("must have %d lines", len(names)+1)
	}
	values := make([]string, len(names))
	for i, name := range names {
		value, ok := strings.CutPrefix(lines[i+1], name+" ")
		if !ok {
			return nil, fmt.Errorf("line %d must be %q and a value", i+2, name)
		}
		values[i] = value
	}
	return values, nil
}

// secret reads 32 bytes of lower-case hex.
func secret(name, value string) (out [32]byte, err error) {
	raw, ok := lowerHex(value)
	if !ok || len(raw) != len(out) {
		return out, fmt.Errorf("%q must be 64 lower-case hex digits", name)
	}
	return [32]byte(raw), nil
}
