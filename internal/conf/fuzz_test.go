package conf

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/BurntSushi/toml"
)

// maxFuzzed keeps one run short: the library takes quadratic time for a long
// chain of dotted keys. Bytes.
const maxFuzzed = 4 << 10

// FuzzFile gives a file's bytes to Load. It must not panic, and what it accepts
// must mean the same when loaded again and when written out and loaded.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"", "name = \"x\"\nlanes = 3\n", "share = 1e3\nopen = true\nbytes = 0x10\n", "listen = \"127.0.0.1:1\"",
		"[kafka]\nbrokers = [\"a:1\", \"b:2\"]\ntimeout = \"1m\"\npassword = 'p'\n", "[[door]]\nname = \"A\"\n[[door]]\nwidth = 1\n",
		"door = [{name = \"A\"}, 5, [{}]]", "kafka = 5", "[a.b.c]\nx=[1]\n", "\"\" = 1\n\"a.b\".c = 2\n", "kafka.brokers = [[]]\n", "door = []",
		"name = 2026-01-01\n", "[kafka", "\xff", "a = \x00", "[[door.x]]\n", "name = \"\"\"\n\\u00e9\"\"\"",
	} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "station.toml") // one for all runs of a process, which go one by one
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxFuzzed {
			return
		}
		// Without Validate, and without lists by default: the writer leaves out
		// empty lists.
		type unchecked station
		read := func(data []byte) (*unchecked, error) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			s := &unchecked{}
			_, err := Load(s, Options{Program: "p", EnvPrefix: "P"}, []string{"-config", path}, nil, io.Discard)
			return s, err
		}
		first, err := read(data)
		again, errAgain := read(data)
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("one file, two answers:\n%v\n%v", err, errAgain)
		}
		if err != nil {
			return
		}
		if !reflect.DeepEqual(first, again) {
			t.Fatalf("one file, two meanings:\n%+v\n%+v", first, again)
		}
		var written bytes.Buffer
		if err := toml.NewEncoder(&written).Encode(first); err != nil {
			t.Fatalf("cannot write what was loaded: %v", err)
		}
		again, err = read(written.Bytes())
		if err != nil || !reflect.DeepEqual(first, again) {
			t.Fatalf("written and loaded, it differs (%v):\n%+v\n%+v\n%s", err, first, again, written.Bytes())
		}
	})
}
