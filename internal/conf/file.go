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

// maxFile is the greatest size of the file in bytes: far above any real configuration,
// and low enough to refuse a wrong path (a snapshot, a device) quickly.
const maxFile = 256 << 10

// file is one pass over the parsed file. The TOML library is only used for parsing: its
// mapping to structs ignores case, accepts integers as durations and stops at the first
// fault.
type file struct {
	path   string
	meta   toml.MetaData
	times  map[string]int // occurrences of a key in all elements of a list
	faults []lineFault
}

type lineFault struct {
	line int
	*Error
}

// readFile stores the file's values in the settings. readable is false if the file could
// not be opened or parsed.
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

// readBounded reads the file. Its errors omit the path, which the caller adds.
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

// syntaxError reports the position of a syntax error. The library's message can contain
// text of the file, so it is omitted if the file may contain secrets.
func (s *schema) syntaxError(path string, err error) error {
	var pe toml.ParseError
	switch {
	case !errors.As(err, &pe):
		return &Error{Source: path, Err: errors.New("not valid TOML")}
	case s.secrets:
		pe.Message = "details are not shown, since the file may contain secrets"
	}
	return &Error{Source: fmt.Sprintf("%s:%d", path, pe.Position.Line), Err: fmt.Errorf("not valid TOML: %s", pe.Message)}
}

// store stores a value of the file in a setting. path is the path of the setting, with
// the index of each list element.
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

// storeElements replaces the default by an array of tables.
func (f *file) storeElements(s *setting, path string, at toml.Primitive) {
	list := reflect.Zero(s.value.Type())
	for i, element := range decode[[]toml.Primitive](f, at) {
		value := reflect.New(s.value.Type().Elem()).Elem()
		path := fmt.Sprintf("%s[%d]", path, i)
		fields, _ := new(schema).fieldsOf(value, path, "") // newSchema has checked the type
		f.store(&setting{kind: kindTable, fields: fields}, path, element)
		if _, isTable := decode[any](f, element).(map[string]any); isTable {
			list = reflect.Append(list, value)
		}
	}
	s.value.Set(list)
}

// decode returns a value without its position. Decoding into an empty interface or into
// primitives does not convert and therefore cannot fail.
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

// line returns the line of a value, or 0 if it is not certain. The library reports
// positions only in errors, so a decoder that refuses everything provokes one. The
// library stores only the last position of a key, so the line of a key that occurs in
// several elements of a list is unknown. The line of a table without a header is that of
// its first key.
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
