package conf

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// schema is the settings that a struct declares. Its errors are mistakes of the
// program, found the first time it runs.
type schema struct {
	root    *setting
	leaves  []*setting // outside lists: those with a flag and an environment name
	byEnv   map[string]*setting
	secrets bool // some leaf is tagged secret:"value"
}

// setting is a leaf, a table or an array of tables.
type setting struct {
	name   string // within its table
	path   string // from the root, which is also the flag
	env    string // "" inside arrays of tables
	doc    string
	secret bool
	kind   kind
	value  reflect.Value // the field, settable
	fields []*setting    // of a table; of a list, those of one zero element
}

// settingName keeps flags and environment names typeable.
var settingName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

func newSchema(dst any, opts Options) (*schema, error) {
	if opts.Program == "" || opts.EnvPrefix == "" {
		return nil, errors.New("conf: Options needs Program and EnvPrefix")
	}
	value, err := structOf(dst)
	if err != nil {
		return nil, err
	}
	s := &schema{root: &setting{kind: kindTable, value: value}, byEnv: make(map[string]*setting)}
	if s.root.fields, err = fieldsOf(value, ""); err != nil {
		return nil, err
	}
	if err := s.index(s.root, opts.EnvPrefix, true); err != nil {
		return nil, err
	}
	return s, nil
}

// index names the leaves. Inside a list there are only secrets to notice.
func (s *schema) index(parent *setting, prefix string, named bool) error {
	for _, f := range parent.fields {
		if f.kind == kindTable || f.kind == kindTables {
			if err := s.index(f, prefix, named && f.kind == kindTable); err != nil {
				return err
			}
			continue
		}
		s.secrets = s.secrets || f.secret
		if !named {
			continue
		}
		f.env = prefix + "_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(f.path))
		if other := s.byEnv[f.env]; other != nil {
			return fmt.Errorf("conf: %s and %s share the name %s", other.path, f.path, f.env)
		}
		s.byEnv[f.env] = f
		s.leaves = append(s.leaves, f)
	}
	return nil
}

// fieldsOf describes the fields of one struct.
func fieldsOf(v reflect.Value, table string) ([]*setting, error) {
	var fields []*setting
	seen := make(map[string]bool)
	for i := range v.NumField() {
		f, tag := v.Type().Field(i), v.Type().Field(i).Tag
		name, tagged := tag.Lookup("toml")
		if name == "-" || (!f.IsExported() && !tagged) {
			continue
		}
		s := &setting{name: name, path: joinPath(table, name), doc: tag.Get("doc"), secret: tag.Get("secret") == "value", value: v.Field(i)}
		s.kind = kindOf(f.Type)
		wrong := func(what string) error { return fmt.Errorf("conf: field %s.%s %s", v.Type(), f.Name, what) }
		switch secret := tag.Get("secret"); {
		case !f.IsExported():
			return nil, wrong("has a toml tag but is not exported")
		case !settingName.MatchString(name):
			return nil, wrong("needs a toml tag of small letters, digits, _ and -")
		case seen[name]:
			return nil, wrong("has the name of another field, " + name)
		case s.kind == kindNone:
			return nil, wrong("has the type " + f.Type.String() + ", which no setting can have")
		case secret != "" && secret != "value" && secret != "file":
			return nil, wrong(`has a secret tag that is neither "value" nor "file"`)
		case s.doc == "" && s.kind != kindTable && s.kind != kindTables:
			return nil, wrong("needs a doc tag: its unit and what zero means")
		}
		seen[name] = true
		var err error
		switch s.kind {
		case kindTable:
			s.fields, err = fieldsOf(s.value, s.path)
		case kindTables:
			s.fields, err = fieldsOf(reflect.New(f.Type.Elem()).Elem(), s.path+"[]")
		}
		if err != nil {
			return nil, err
		}
		fields = append(fields, s)
	}
	return fields, nil
}

// kind is what a setting may hold.
type kind int

const (
	kindNone kind = iota
	kindString
	kindBool
	kindInt
	kindFloat
	kindDuration
	kindList // of strings
	kindText // encoding.TextUnmarshaler
	kindTable
	kindTables // array of tables
)

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

func kindOf(t reflect.Type) kind {
	switch {
	case reflect.PointerTo(t).Implements(textUnmarshaler) && t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface:
		return kindText
	case t == reflect.TypeFor[time.Duration]():
		return kindDuration
	case t.Kind() == reflect.Slice && kindOf(t.Elem()) == kindString:
		return kindList
	case t.Kind() == reflect.Slice && kindOf(t.Elem()) == kindTable:
		return kindTables
	}
	return map[reflect.Kind]kind{
		reflect.String: kindString, reflect.Bool: kindBool, reflect.Int: kindInt, reflect.Int64: kindInt,
		reflect.Float64: kindFloat, reflect.Struct: kindTable,
	}[t.Kind()]
}
