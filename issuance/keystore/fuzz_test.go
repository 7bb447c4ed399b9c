package keystore

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

var allKinds = []*kind{authorityKind, issuerKind, vaultKind, fieldKind}

// FuzzKeyFile: a text that is taken has one spelling, and only a text that the
// seal wrote opens.
func FuzzKeyFile(f *testing.F) {
	key := directoryKey{1}
	digits := strings.Repeat("5eed", 16)
	for i, values := range [][]string{{digits}, {"7", digits, "2026-02-10T08:00:00Z"}, {digits}, {"1", digits}} {
		k := allKinds[i]
		f.Add(uint8(i), k.plain(values))
		f.Add(uint8(i), k.seal(authorityFile, values, &key))
		f.Add(uint8(i), append(k.plain(values), '\n'))
		f.Add(uint8(i), bytes.ToUpper(k.seal(authorityFile, values, &key)))
	}
	f.Add(uint8(1), issuerKind.plain([]string{"7", digits}))
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		k := allKinds[int(which)%len(allKinds)]
		file, err := parse(k, text)
		if err != nil {
			for _, line := range strings.Split(string(text), "\n")[1:] {
				_, value, _ := strings.Cut(line, " ")
				if len(value) >= 8 && strings.Trim(strings.ToLower(value), "0123456789abcdef") == "" && strings.Contains(err.Error(), value) {
					t.Fatalf("the error repeats the file: %v", err)
				}
			}
			return
		}
		again := k.plain(file.values)
		if file.sealed {
			again = fmt.Appendf(k.boxHead(file.under), "box %x\n", file.box)
		}
		if !bytes.Equal(again, text) {
			t.Fatalf("read %q, wrote %q", text, again)
		}
		if file.sealed {
			if _, err := k.open(vaultFile, file, &key); err == nil {
				t.Fatal("a box made for another name opened")
			}
		}
	})
}

// FuzzSeal: what is taken has one spelling and asks for bounded work.
func FuzzSeal(f *testing.F) {
	good := fmt.Appendf(sealHead(cost{3, 64 << 10, 4}, [saltSize]byte{1}), "box %x\n", make([]byte, 60))
	f.Add(good)
	f.Add(bytes.Replace(good, []byte("65536"), []byte("104857600"), 1))
	f.Add(bytes.Replace(good, []byte("time 3"), []byte("time 0"), 1))
	f.Add(bytes.Replace(good, []byte("threads 4"), []byte("threads 04"), 1))
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, text []byte) {
		c, salt, box, err := parseSeal(text)
		if err != nil {
			return
		}
		if c.time < 1 || c.time > maxTime || c.memory < 1 || c.memory > maxMemory || c.threads < 1 || c.threads > maxThreads {
			t.Fatalf("taken: %+v", c)
		}
		if again := fmt.Appendf(sealHead(c, salt), "box %x\n", box); !bytes.Equal(again, text) {
			t.Fatalf("read %q, wrote %q", text, again)
		}
	})
}
