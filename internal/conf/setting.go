package conf

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// setting is a leaf, a table or an array of tables.
type setting struct {
	name   string // name in its table
	path   string // path from the root, also the name of the flag
	env    string // environment variable of a leaf outside arrays of tables
	doc    string
	secret bool
	kind   *kind
	value  reflect.Value // the field, settable
	fields []*setting    // fields of a table; for a list, those of a zero element
}

// kind is the type of a setting: its placeholder in help and its description in errors.
type kind struct{ placeholder, expected string }

var (
	kindString   = &kind{"STRING", "a string"}
	kindBool     = &kind{"", "true or false"}
	kindInt      = &kind{"INT", "a whole number of at most 64 bits"}
	kindFloat    = &kind{"NUMBER", "a finite number"}
	kindDuration = &kind{"DURATION", `a duration such as "5s" or "1m30s"`}
	kindList     = &kind{"LIST", "a list of strings"}
	kindText     = &kind{"TEXT", "a string"} // encoding.TextUnmarshaler
	kindTable    = &kind{"", "a table"}
	kindTables   = &kind{"", "an array of tables"}
)

// kindOf returns the kind of a type, or nil if settings cannot have the type.
func kindOf(t reflect.Type) *kind {
	switch k := t.Kind(); {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && k != reflect.Pointer && k != reflect.Interface:
		return kindText
	case t == reflect.TypeFor[time.Duration]():
		return kindDuration
	case k == reflect.Slice && kindOf(t.Elem()) == kindString:
		return kindList
	case k == reflect.Slice && kindOf(t.Elem()) == kindTable:
		return kindTables
	default:
		return map[reflect.Kind]*kind{reflect.String: kindString, reflect.Bool: kindBool, reflect.Int: kindInt, reflect.Int64: kindInt,
			reflect.Float64: kindFloat, reflect.Struct: kindTable}[k]
	}
}

// schema contains the settings that a struct declares. Its errors are programming
// errors, found at the first run.
type schema struct {
	root    *setting
	leaves  []*setting // leaves outside lists, which have a flag and an environment name
	secrets bool       // at least one leaf is tagged secret:"value"
}

func newSchema(dst any, opts Options) (*schema, error) {
	if opts.Program == "" || opts.EnvPrefix == "" {
		return nil, errors.New("conf: Options needs Program and EnvPrefix")
	}
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, errors.New("conf: the destination must be a pointer to a struct")
	}
	s := &schema{root: &setting{kind: kindTable, value: v.Elem()}}
	fields, err := s.fieldsOf(v.Elem(), "", opts.EnvPrefix)
	s.root.fields = fields
	return s, err
}

// settingName restricts the names of settings, flags and environment variables.
var settingName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// fieldsOf describes the fields of one struct and appends its leaves to s. envPrefix is
// empty within a list, whose leaves can only be set in the file.
func (s *schema) fieldsOf(v reflect.Value, table, envPrefix string) (fields []*setting, err error) {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		name, tagged := t.Tag.Lookup("toml")
		if name == "-" || (!t.IsExported() && !tagged) {
			continue
		}
		secret := t.Tag.Get("secret")
		f := &setting{name: name, path: joinPath(table, name), doc: t.Tag.Get("doc"), secret: secret == "value", kind: kindOf(t.Type), value: v.Field(i)}
		isLeaf := f.kind != kindTable && f.kind != kindTables
		wrong := func(what string) ([]*setting, error) {
			return nil, fmt.Errorf("conf: field %s.%s %s", v.Type(), t.Name, what)
		}
		switch {
		case !t.IsExported():
			return wrong("has a toml tag but is not exported")
		case !settingName.MatchString(name):
			return wrong("needs a toml tag of lower-case letters, digits, _ and -")
		case field(fields, name) != nil:
			return wrong("has the name of another field, " + name)
		case f.kind == nil:
			return wrong("has the type " + t.Type.String() + ", which is not supported")
		case secret != "" && secret != "value" && secret != "file":
			return wrong(`has a secret tag that is neither "value" nor "file"`)
		case f.doc == "" && isLeaf:
			return wrong("needs a doc tag with its unit and the meaning of zero")
		}
		s.secrets = s.secrets || isLeaf && f.secret
		switch {
		case f.kind == kindTable:
			f.fields, err = s.fieldsOf(f.value, f.path, envPrefix)
		case f.kind == kindTables:
			f.fields, err = s.fieldsOf(reflect.New(t.Type.Elem()).Elem(), f.path+"[]", "")
		case envPrefix != "":
			f.env = envPrefix + "_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(f.path))
			for _, other := range s.leaves {
				if other.env == f.env {
					err = fmt.Errorf("conf: %s and %s share the name %s", other.path, f.path, f.env)
				}
			}
			s.leaves = append(s.leaves, f)
		}
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// field returns the field with this name, or nil.
func field(fields []*setting, name string) *setting {
	for _, f := range fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

// set parses a value from a flag or the environment.
func (s *setting) set(text string) error {
	switch s.kind {
	case kindString:
		s.value.SetString(text)
		return nil
	case kindBool:
		if text == "true" || text == "false" {
			s.value.SetBool(text == "true")
			return nil
		}
	case kindInt:
		if n, err := strconv.ParseInt(text, 10, s.value.Type().Bits()); err == nil {
			s.value.SetInt(n)
			return nil
		}
	case kindFloat:
		// NaN would pass every later comparison with a bound.
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			s.value.SetFloat(n)
			return nil
		}
	case kindDuration:
		if d, err := time.ParseDuration(text); err == nil {
			s.value.SetInt(int64(d))
			return nil
		}
	case kindList:
		var parts []any
		for part := range strings.SplitSeq(text, ",") {
			parts = append(parts, strings.TrimSpace(part))
		}
		if text == "" {
			parts = nil // the empty list
		}
		if !slices.Contains(parts, any("")) && s.setList(parts) { // an empty element is an error
			return nil
		}
	case kindText:
		return s.unmarshal(text)
	}
	return s.unexpected(quoted(text))
}

// setTOML stores a value of the file, in the type that the TOML library returns.
func (s *setting) setTOML(v any) error {
	fits := false
	switch v := v.(type) {
	case string:
		if s.kind == kindString || s.kind == kindDuration || s.kind == kindText {
			return s.set(v)
		}
	case bool:
		fits = s.kind == kindBool
	case int64:
		fits = s.kind == kindInt || s.kind == kindFloat // 1 is accepted for 1.0
	case float64:
		fits = s.kind == kindFloat
	case []any:
		if s.kind == kindList && s.setList(v) {
			return nil
		}
	}
	if !fits || s.set(fmt.Sprint(v)) != nil {
		return s.unexpected(tomlType(v))
	}
	return nil
}

// setList stores a list if all its elements are strings.
func (s *setting) setList(parts []any) bool {
	list := reflect.Zero(s.value.Type())
	for _, part := range parts {
		text, ok := part.(string)
		if !ok {
			return false
		}
		list = reflect.Append(list, reflect.ValueOf(text).Convert(s.value.Type().Elem()))
	}
	s.value.Set(list)
	return true
}

// unmarshal parses text into a new value, which replaces an overridden value completely.
func (s *setting) unmarshal(text string) error {
	fresh := reflect.New(s.value.Type())
	err := fresh.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	switch {
	case err != nil && s.secret:
		return errors.New("the value is not valid; it is secret and not shown")
	case err != nil:
		return fmt.Errorf("%s is not valid: %w", quoted(text), err)
	}
	s.value.Set(fresh.Elem())
	return nil
}

func (s *setting) unexpected(got string) error {
	if s.secret {
		got = "another value; it is secret and not shown"
	}
	return fmt.Errorf("expected %s, got %s", s.kind.expected, got)
}

// maxQuoted is the greatest number of bytes of a wrong value in an error.
const maxQuoted = 60

func quoted(text string) string {
	if len(text) > maxQuoted {
		return strconv.Quote(text[:maxQuoted]) + "..."
	}
	return strconv.Quote(text)
}

// tomlType returns the type of a value in the file, without the value.
func tomlType(v any) string {
	if _, ok := v.([]map[string]any); ok {
		return "an array of tables"
	}
	return map[reflect.Kind]string{reflect.String: "a string", reflect.Bool: "a boolean", reflect.Int64: "an integer", reflect.Float64: "a float",
		reflect.Struct: "a date or time", reflect.Slice: "an array", reflect.Map: "a table"}[reflect.TypeOf(v).Kind()]
}

// text returns the value for help: as in a flag, with quoted strings.
func (s *setting) text() string {
	switch s.kind {
	case kindText:
		if m, ok := s.value.Addr().Interface().(encoding.TextMarshaler); ok {
			if b, err := m.MarshalText(); err == nil {
				return strconv.Quote(string(b))
			}
		}
	case kindString:
		return strconv.Quote(s.value.String())
	case kindList:
		var parts []string
		for i := range s.value.Len() {
			parts = append(parts, s.value.Index(i).String())
		}
		return strconv.Quote(strings.Join(parts, ","))
	}
	return fmt.Sprint(s.value.Interface())
}
