package conf

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxFile bounds the file, bytes: far above any sane configuration, low enough
// that a wrong path (a snapshot, a device) is refused at once.
const maxFile = 256 << 10

// file is one walk over the parsed file. The TOML library parses only: its own mapping
// to structs ignores case, takes integers for durations and stops at the first fault.
type file struct {
	path   string
	meta   toml.MetaData
	times  map[string]int // how often a key occurs, all elements of a list together
	faults []lineFault
}

type lineFault struct {
	line int
	*Error
}

// readFile stores the file's values in the settings. It is not readable when
// nothing is known of its content.
func (s *schema) readFile(path string) (faults []error, readable bool) {
	data, err := readBounded(path)
	if err != nil {
		return []error{&Error{Source: path, Err: err}}, false
	}
	f := file{path: path, times: make(map[string]int)}
	var root toml.Primitive
	if f.meta, err = toml.Decode(string(data), &root); err != nil {
		return []error{s.syntaxError(path, err)}, false
	}
	for _, key := range f.meta.Keys() {
		f.times[key.String()]++
	}
	f.store(s.root, "", root)
	slices.SortStableFunc(f.faults, func(a, b lineFault) int { return cmp.Compare(a.line, b.line) })
	for _, fault := range f.faults {
		faults = append(faults, fault.Error)
	}
	return faults, true
}

// readBounded leaves the path out of its errors, which are reported under it.
func readBounded(path string) ([]byte, error) {
	var data []byte
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		data, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	}
	if pe := (*os.PathError)(nil); errors.As(err, &pe) {
		return nil, fmt.Errorf("cannot %s: %w", pe.Op, pe.Err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("expected at most %d bytes of TOML", maxFile)
	}
	return data, err
}

// syntaxError says where the file stops being TOML. The library's words can
// repeat the text around the fault, so they are kept back where that could be a
// secret.
func (s *schema) syntaxError(path string, err error) error {
	var pe toml.ParseError
	switch {
	case !errors.As(err, &pe):
		return &Error{Source: path, Err: errors.New("not valid TOML")}
	case s.secrets:
		pe.Message = "details are not shown, since the file may hold secrets"
	}
	return &Error{Source: fmt.Sprintf("%s:%d", path, pe.Position.Line), Err: fmt.Errorf("not valid TOML: %s", pe.Message)}
}

// store puts a value of the file into a setting. path is the setting's own, with the
// index of each list element.
func (f *file) store(s *setting, path string, at toml.Primitive) {
	v := decode[any](f, at)
	switch _, isTable := v.(map[string]any); {
	case s.kind == kindTable && isTable:
		f.storeKeys(s, path, decode[map[string]toml.Primitive](f, at))
	case s.kind == kindTables && reflect.TypeOf(v).Kind() == reflect.Slice:
		f.storeElements(s, path, at)
	default:
		if err := s.setTOML(v); err != nil {
			f.fault(path, at, err)
		}
	}
}

func (f *file) storeKeys(table *setting, path string, keys map[string]toml.Primitive) {
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		keyPath := joinPath(path, toml.Key{name}.String())
		if s := field(table.fields, name); s != nil {
			f.store(s, keyPath, keys[name])
			continue
		}
		var known []string
		for _, s := range table.fields {
			known = append(known, s.name)
		}
		f.fault(keyPath, keys[name], fmt.Errorf("unknown key, expected one of: %s", strings.Join(known, ", ")))
	}
}

// storeElements puts an array of tables in place of the default.
func (f *file) storeElements(s *setting, path string, at toml.Primitive) {
	list := reflect.Zero(s.value.Type())
	for i, element := range decode[[]toml.Primitive](f, at) {
		value := reflect.New(s.value.Type().Elem()).Elem()
		path := fmt.Sprintf("%s[%d]", path, i)
		fields, _ := new(schema).fieldsOf(value, path, "") // the same type passed in newSchema
		f.store(&setting{kind: kindTable, fields: fields}, path, element)
		if _, isTable := decode[any](f, element).(map[string]any); isTable {
			list = reflect.Append(list, value)
		}
	}
	s.value.Set(list)
}

// decode gives a value without its place. Decoding into an empty interface or into
// primitives converts nothing and so cannot fail.
func decode[T any](f *file, at toml.Primitive) (v T) {
	_ = f.meta.PrimitiveDecode(at, &v)
	return v
}

func (f *file) fault(path string, at toml.Primitive, err error) {
	line, source := f.line(at), f.path
	if line > 0 {
		source = fmt.Sprintf("%s:%d", f.path, line)
	}
	f.faults = append(f.faults, lineFault{line, &Error{Source: source, Path: path, Err: err}})
}

// line is where a value stands, or 0. The library tells positions only through
// errors, so a decoder that refuses everything asks for one. It remembers only
// the last place of a key, so a key that several elements of a list have gets
// none rather than a wrong one. A table that only its children imply stands
// where the first of them does.
func (f *file) line(at toml.Primitive) int {
	var pe toml.ParseError
	if !errors.As(f.meta.PrimitiveDecode(at, &refuser{}), &pe) || f.times[pe.LastKey] > 1 {
		return 0
	}
	first := pe.Position.Line
	if _, isTable := decode[any](f, at).(map[string]any); isTable && first == 0 {
		for _, child := range decode[map[string]toml.Primitive](f, at) {
			if line := f.line(child); line > 0 && (first == 0 || line < first) {
				first = line
			}
		}
	}
	return first
}

type refuser struct{}

func (*refuser) UnmarshalTOML(any) error { return errors.New("refused") }
