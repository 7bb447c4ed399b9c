package keystore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// seeds reads files in folders of testdata.
func seeds(f *testing.F, folders, pattern string) (all [][]byte) {
	names, err := filepath.Glob(filepath.Join("testdata", folders, pattern))
	if err != nil || len(names) < 2 {
		f.Fatalf("%d files %s: %v", len(names), pattern, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

// FuzzKeyFile checks that an accepted text is in canonical spelling, and that no text decrypts that was not
// encrypted with the directory's key.
func FuzzKeyFile(f *testing.F) {
	kinds := []*kind{authorityKind, issuerKind, vaultKind, fieldKind}
	foreign := newIdentity().Recipient()
	v := key{number: 7, secret: [secretSize]byte(bytes.Repeat([]byte{0x5e, 0xed}, 16))}
	for i, k := range kinds {
		v.created = time.Time{}
		f.Add(uint8(i), k.text(v))
		if k.dated {
			v.created = time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC)
		}
		f.Add(uint8(i), k.text(v))
		f.Add(uint8(i), encrypt(k.text(v), foreign))
		f.Add(uint8(i), append(k.text(v), '\n'))
		f.Add(uint8(i), bytes.ToUpper(k.text(v)))
		for _, text := range seeds(f, "argon2id/*", strings.TrimSuffix(k.file, inUse)+"*"+inUse) {
			f.Add(uint8(i), text)
			f.Add(uint8(i), bytes.ToUpper(text))
		}
	}
	d := &directory{keySet: &keySet{keys: []*age.X25519Identity{newIdentity()}, legacy: []legacyKey{{1}}}}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		k := kinds[int(which)%len(kinds)]
		opened, how, err := d.decryptKey(k, k.name(7, inUse), text)
		if err == nil && how != plain {
			t.Fatal("a file of another key was decrypted")
		}
		var v key
		if err == nil {
			v, err = k.parse(opened)
		}
		if err != nil {
			for _, line := range strings.Split(string(text), "\n")[1:] {
				_, value, _ := strings.Cut(line, " ")
				if len(value) >= 8 && strings.Trim(strings.ToLower(value), "0123456789abcdef") == "" && strings.Contains(err.Error(), value) {
					t.Fatalf("the error repeats the file: %v", err)
				}
			}
			return
		}
		if again := k.text(v); !bytes.Equal(again, text) {
			t.Fatalf("read %q, wrote %q", text, again)
		}
	})
}

// FuzzSeal checks that only seal files of the passphrase decrypt, and that every attempt needs bounded work.
func FuzzSeal(f *testing.F) {
	good := seeds(f, "seals", "*.seal") // with the passphrase right, at the lowest cost
	for _, text := range good {
		f.Add(text)
		f.Add(text[:len(text)-1])
		f.Add(bytes.Replace(text, []byte(" 1\n"), []byte(" 30\n"), 1))
		f.Add(bytes.Replace(text, []byte(" 1\n"), []byte(" 0\n"), 1))
	}
	for _, text := range seeds(f, "argon2id/*", sealFile) {
		f.Add(text)
		f.Add(bytes.Replace(text, []byte("65536"), []byte("104857600"), 1))
		f.Add(bytes.Replace(text, []byte("time 3"), []byte("time 0"), 1))
		f.Add(bytes.Replace(text, []byte("threads 4"), []byte("threads 04"), 1))
		f.Add(text[:len(text)-1])
	}
	original := argon
	f.Cleanup(func() { argon = original })
	argon = func(_, _ []byte, time, memory uint32, threads uint8, _ uint32) []byte {
		if time < 1 || time > 16 || memory < 1 || memory > 256<<10 || threads < 1 || threads > 16 {
			panic(fmt.Sprint("accepted: ", time, memory, threads))
		}
		return make([]byte, secretSize)
	}
	scrypt := newScrypt
	f.Cleanup(func() { newScrypt = scrypt })
	newScrypt = func(p Passphrase) (age.Identity, error) {
		i, err := scrypt(p)
		return bounded{i}, err
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := openKeySet(text, right)
		if err == nil && !slices.ContainsFunc(good, func(g []byte) bool { return bytes.Equal(g, text) }) {
			t.Fatalf("%q was decrypted", text)
		}
		if err == nil && len(s.keys) == 0 {
			t.Fatal("the seal file has no key")
		}
	})
}

// bounded skips allowed work in the fuzzer, and passes on everything else, which must be refused.
type bounded struct{ age.Identity }

func (b bounded) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) == 1 && len(stanzas[0].Args) == 2 {
		if n, err := strconv.Atoi(stanzas[0].Args[1]); err == nil && n > 4 && n <= maxWorkFactor {
			return nil, age.ErrIncorrectIdentity
		}
	}
	return b.Identity.Unwrap(stanzas)
}
