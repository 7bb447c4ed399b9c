package conf

import (
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

// readFile stores the file's values in the settings. It is not readable when
// nothing is known of its content. The TOML library parses only: its own mapping
// to structs ignores case, takes integers for durations and stops at the first
// fault.
func (s *schema) readFile(path string) (all faults, readable bool) {
	data, err := readBounded(path)
	if err != nil {
		return faults{&Error{Source: path, Err: err}}, false
	}
	var table map[string]toml.Primitive
	meta, err := toml.Decode(string(data), &table)
	if err != nil {
		return faults{s.syntaxError(path, err)}, false
	}
	f := file{path: path, meta: &meta, times: make(map[string]int)}
	for _, key := range meta.Keys() {
		f.times[key.String()]++
	}
	f.table(s.root, "", table)
	slices.SortStableFunc(f.faults, func(a, b lineFault) int { return a.line - b.line })
	for _, fault := range f.faults {
		all = append(all, fault.err)
	}
	return all, true
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("expected at most %d bytes of TOML", maxFile)
	}
	return data, nil
}

// bare takes the path out of an error that is reported under the path anyway.
func bare(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("cannot %s: %w", pe.Op, pe.Err)
	}
	return err
}

// syntaxError says where the file stops being TOML. The library's words can
// repeat the text around the fault, so they are kept back where that could be a
// secret.
func (s *schema) syntaxError(path string, err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return &Error{Source: path, Err: errors.New("not valid TOML")}
	}
	text := pe.Message
	if s.secrets {
		text = "details are not shown, since the file may hold secrets"
	}
	return &Error{
		Source: fmt.Sprintf("%s:%d", path, pe.Position.Line),
		Err:    fmt.Errorf("not valid TOML: %s", text),
	}
}

// file is one walk over the parsed file.
type file struct {
	path   string
	meta   *toml.MetaData
	times  map[string]int // how often a key occurs, all elements of a list together
	faults []lineFault
}

type lineFault struct {
	line int
	err  error
}

func (f *file) fault(at toml.Primitive, path string, err error) {
	line, source := f.line(at), f.path
	if line > 0 {
		source = fmt.Sprintf("%s:%d", f.path, line)
	}
	f.faults = append(f.faults, lineFault{line, &Error{Source: source, Path: path, Err: err}})
}

// table stores the keys of one table. path repeats the settings' own path, with
// the index of each list element.
func (f *file) table(t *setting, path string, keys map[string]toml.Primitive) {
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		value := keys[name]
		i := slices.IndexFunc(t.fields, func(s *setting) bool { return s.name == name })
		keyPath := joinPath(path, toml.Key{name}.String())
		if i < 0 {
			f.fault(value, keyPath, fmt.Errorf("unknown key, expected one of: %s", names(t.fields)))
			continue
		}
		f.value(t.fields[i], keyPath, value)
	}
}

func names(fields []*setting) string {
	var all []string
	for _, s := range fields {
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}

func (f *file) value(s *setting, path string, at toml.Primitive) {
	v := f.plain(at)
	_, isTable := v.(map[string]any)
	switch s.kind {
	case kindTable:
		if !isTable {
			f.fault(at, path, s.unexpected(tomlType(v)))
			return
		}
		f.table(s, path, f.keys(at))
	case kindTables:
		f.tables(s, path, at)
	default:
		if err := s.setTOML(v); err != nil {
			f.fault(at, path, err)
		}
	}
}

// tables stores an array of tables in place of the default.
func (f *file) tables(s *setting, path string, at toml.Primitive) {
	if kind := reflect.TypeOf(f.plain(at)).Kind(); kind != reflect.Slice {
		f.fault(at, path, s.unexpected(tomlType(f.plain(at))))
		return
	}
	var elements []toml.Primitive
	_ = f.meta.PrimitiveDecode(at, &elements) // an array decodes into primitives whatever it holds
	list := reflect.Zero(s.value.Type())
	for i, element := range elements {
		path := fmt.Sprintf("%s[%d]", path, i)
		if _, ok := f.plain(element).(map[string]any); !ok {
			f.fault(element, path, fmt.Errorf("expected a table, got %s", tomlType(f.plain(element))))
			continue
		}
		value := reflect.New(s.value.Type().Elem()).Elem()
		fields, _ := fieldsOf(value, path) // the same type passed in newSchema
		f.table(&setting{fields: fields}, path, f.keys(element))
		list = reflect.Append(list, value)
	}
	s.value.Set(list)
}

// plain is a value without its place. Decoding into an empty interface or into
// primitives converts nothing and so cannot fail.
func (f *file) plain(at toml.Primitive) (v any) {
	_ = f.meta.PrimitiveDecode(at, &v)
	return v
}

func (f *file) keys(table toml.Primitive) (keys map[string]toml.Primitive) {
	_ = f.meta.PrimitiveDecode(table, &keys)
	return keys
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
	if _, ok := f.plain(at).(map[string]any); ok && first == 0 {
		for _, child := range f.keys(at) {
			if line := f.line(child); line > 0 && (first == 0 || line < first) {
				first = line
			}
		}
	}
	return first
}

type refuser struct{}

func (*refuser) UnmarshalTOML(any) error { return errors.New("refused") }
