package httpapi_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/test/harness/passenger"
)

// mutant is a request body with a variation.
type mutant struct {
	why   string
	body  []byte
	media string
}

const jsonMedia = "application/json"

// rare are unusual texts of forms and texts that break parsers.
var rare = []string{
	"", " ", "阿卜杜拉·买买提", "阿卜杜拉.买买提", "Jean-Luc O'Neil", "𠮷野家", "㐀䶵", "龍門飛甲", "e\u0301", "İı", "测\u200b试", "\u202eabc",
	"a\u0000b", "a\nb", "\ufffd", "🚄", strings.Repeat("测", 61), strings.Repeat("·", 30), "'; DROP TABLE accounts; --", "../../etc", "%00", "Ａ１",
	// Birth dates: an existing leap day, two that do not exist, the year 2100, the first
	// accepted year and the year before.
	passenger.IDNumber("11010520000229001"), passenger.IDNumber("11010519000229001"), passenger.IDNumber("11010519990229001"),
	passenger.IDNumber("11010521000101001"), passenger.IDNumber("11010519000101001"), passenger.IDNumber("11010518991231001"),
	"11010519491231002x", "110105491231002", "１１０１０５１９９００３０７４６１６", testNumber + " ",
}

// others are values of every JSON type.
var others = []string{"null", "true", "0", "-1", "1.5", "1e400", "9223372036854775807", "9223372036854775808", `[]`, `["x"]`, `{}`, `{"x":1}`, `"x"`, `[[[[[[1]]]]]]`}

// fieldMutants changes one field of a body: it is missing, has another type, is too long,
// too large, or unusual. field is a path.
func fieldMutants(body object, schema *openapi3.Schema, field []string) (all []mutant) {
	what := strings.Join(field, ".")
	own := schema
	for _, name := range field {
		own = own.Properties[name].Value
	}
	set := func(why, value string) {
		all = append(all, mutant{what + " " + why, marshal(changed(body, field, json.RawMessage(value))), jsonMedia})
	}
	all = append(all, mutant{what + " is missing", marshal(changed(body, field, nil)), jsonMedia})
	for _, other := range others {
		set("is "+other, other)
	}
	if own.MaxLength != nil {
		set("is too long", string(marshal(strings.Repeat("x", int(*own.MaxLength)+1))))
		set("is too long, in Chinese", string(marshal(strings.Repeat("测", int(*own.MaxLength)+1))))
	}
	if own.Max != nil {
		set("is above its bound", string(marshal(*own.Max+1)))
	}
	if own.Min != nil {
		set("is below its bound", string(marshal(*own.Min-1)))
	}
	if own.Type.Is("array") {
		all = append(all, itemMutants(body, own, field)...)
	}
	if own.Type.Is("string") {
		for _, text := range rare {
			set("is rare", string(marshal(text)))
		}
	}
	return all
}

// changed returns a body with a value at a path; nil removes the field.
func changed(body object, field []string, value any) object {
	out := maps.Clone(body)
	if out == nil {
		out = object{}
	}
	switch inner, _ := out[field[0]].(object); {
	case len(field) > 1:
		out[field[0]] = changed(inner, field[1:], value)
	case value == nil:
		delete(out, field[0])
	default:
		out[field[0]] = value
	}
	return out
}

// fields lists the paths of a schema's fields.
func fields(schema *openapi3.Schema, under []string) (all [][]string) {
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		path := append(slices.Clone(under), name)
		all = append(all, path)
		all = append(all, fields(schema.Properties[name].Value, path)...)
	}
	return all
}

// formMutants are bodies that every operation must refuse.
func formMutants(body object) []mutant {
	text := string(marshal(body))
	rest := strings.TrimPrefix(text, "{")
	comma := ","
	if rest == "}" {
		comma = ""
	}
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	all := []mutant{
		{"nothing", []byte{}, jsonMedia}, {"null", []byte("null"), jsonMedia}, {"a list", []byte("[" + text + "]"), jsonMedia},
		{"two objects", []byte(text + text), jsonMedia}, {"something after", []byte(text + "x"), jsonMedia}, {"cut off", []byte(text[:len(text)-1]), jsonMedia},
		{"a byte order mark", []byte("\xef\xbb\xbf" + text), jsonMedia}, {"UTF-16", wide, jsonMedia}, {"a comment", []byte("/* */" + text), jsonMedia},
		{"an unknown field", []byte(`{"unknown":1` + comma + rest), jsonMedia}, {"an empty name", []byte(`{"":1` + comma + rest), jsonMedia},
		{"a name twice", []byte(`{"a":1,"a":1` + comma + rest), jsonMedia}, {"not UTF-8", []byte("{\"a\":\"\xff\"" + comma + rest), jsonMedia},
		{"an overlong slash", []byte("{\"a\":\"\xc0\xaf\"" + comma + rest), jsonMedia}, {"NaN", []byte(`{"a":NaN` + comma + rest), jsonMedia},
		{"deep lists", []byte(`{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + comma + rest), jsonMedia},
		{"deep objects", []byte(strings.Repeat(`{"a":`, 2000) + "1" + strings.Repeat("}", 2000)), jsonMedia},
		{"too much white space", []byte(text + strings.Repeat(" ", httpapi.MaxSubjectsBody)), jsonMedia},
		{"no media type", []byte(text), ""}, {"another media type", []byte(text), "text/plain"}, {"a form", []byte("a=b"), "application/x-www-form-urlencoded"},
		{"another charset", []byte(text), "application/json; charset=gbk"}, {"a list of media types", []byte(text), "application/json, text/plain"},
	}
	for name, value := range body {
		one := string(marshal(object{name: value}))
		all = append(all,
			mutant{name + " occurs twice", []byte(one[:len(one)-1] + "," + rest), jsonMedia},
			mutant{name + " in capitals", bytes.Replace([]byte(text), []byte(`"`+name+`"`), []byte(`"`+strings.ToUpper(name)+`"`), 1), jsonMedia})
	}
	slices.SortFunc(all, func(a, b mutant) int { return strings.Compare(a.why, b.why) })
	return all
}

// sample returns a random body that fits a schema, with values where they fit.
func sample(r *rand.Rand, name string, schema *openapi3.Schema, values object) any {
	if v, ok := values[name]; ok && r.IntN(3) > 0 {
		return v
	}
	switch {
	case len(schema.Enum) > 0:
		return schema.Enum[r.IntN(len(schema.Enum))]
	case schema.Type.Is("object"):
		out := object{}
		for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
			if slices.Contains(schema.Required, name) || r.IntN(2) == 0 {
				out[name] = sample(r, name, schema.Properties[name].Value, values)
			}
		}
		return out
	case schema.Type.Is("array"):
		out := make([]any, 1+r.IntN(int(*schema.MaxItems)))
		for i := range out {
			out[i] = sample(r, "", schema.Items.Value, values)
		}
		return out
	case schema.Type.Is("boolean"):
		return r.IntN(2) == 0
	case schema.Type.Is("number"):
		return *schema.Min + r.Float64()*(*schema.Max-*schema.Min)
	case schema.Type.Is("integer"):
		return 1 + r.Int64N(1<<40)
	case schema.Pattern != "":
		if v, ok := values[name]; ok {
			return v
		}
		return schema.Example
	}
	letters := []rune("aZ9 ·.-测龍é𠮷")
	text := make([]rune, 1+r.IntN(int(*schema.MaxLength)))
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return string(text)
}

// fits reports whether a body is valid for the schema.
func fits(schema *openapi3.Schema, body []byte) bool {
	var v any
	return json.Unmarshal(body, &v) == nil && schema.VisitJSON(v) == nil
}
