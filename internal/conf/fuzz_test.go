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

// maxFuzzed is the greatest length of an input in bytes: the library takes quadratic
// time for a long chain of dotted keys.
const maxFuzzed = 4 << 10

// FuzzFile loads arbitrary files. Load must not panic. An accepted file must give the
// same values when it is loaded again, and when the values are written and loaded.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"", "name = \"x\"\nlanes = 3\n", "share = 1e3\nopen = true\nbytes = 0x10\n", "listen = \"127.0.0.1:1\"",
		"[kafka]\nbrokers = [\"a:1\", \"b:2\"]\ntimeout = \"1m\"\npassword = 'p'\n", "[[door]]\nname = \"A\"\n[[door]]\nwidth = 1\n",
		"door = [{name = \"A\"}, 5, [{}]]", "kafka = 5", "[a.b.c]\nx=[1]\n", "\"\" = 1\n\"a.b\".c = 2\n", "kafka.brokers = [[]]\n", "door = []",
		"name = 2026-01-01\n", "[kafka", "\xff", "a = \x00", "[[door.x]]\n", "name = \"\"\"\n\\u00e9\"\"\"",
	} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "station.toml") // shared by the sequential runs of a process
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxFuzzed {
			return
		}
		// Without Validate, and without default lists, since the encoder omits empty lists.
		type unchecked station
		load := func(data []byte) (*unchecked, error) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			s := &unchecked{}
			_, err := Load(s, Options{Program: "p", EnvPrefix: "P"}, []string{"-config", path}, nil, io.Discard)
			return s, err
		}
		first, err := load(data)
		second, err2 := load(data)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("two loads of one file returned:\n%v\n%v", err, err2)
		}
		if err != nil {
			return
		}
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("two loads of one file gave:\n%+v\n%+v", first, second)
		}
		var written bytes.Buffer
		if err := toml.NewEncoder(&written).Encode(first); err != nil {
			t.Fatalf("cannot encode the loaded values: %v", err)
		}
		second, err = load(written.Bytes())
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("the encoded values load differently (%v):\n%+v\n%+v\n%s", err, first, second, written.Bytes())
		}
	})
}
