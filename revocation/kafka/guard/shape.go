package guard

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/describeconfigs"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
)

// shape is one field on the wire. Shapes are derived from the types that kafka-go decodes into, so that guard
// and decoder always agree about the position of a field.
type shape struct {
	kind    kind
	size    int64   // of a fixed field, bytes
	element []shape // of a list
	compact bool    // lengths are varints, greater by one
	name    string  // in kafka-go's type
}

type kind uint8

const (
	fixed   kind = iota
	text         // a length of 16 bits, then bytes
	blob         // a length of 32 bits, then bytes
	list         // a count of 32 bits, then elements
	records      // a blob of record batches
	tags         // fields that a newer version added, each with its length
)

// message is a whole request or response of one version, after its header.
type message struct {
	fields   []shape
	flexible bool // the header ends with tags, too
}

type apiVersion struct {
	key     protocol.ApiKey
	version int16
}

// answers are the answers that this client can request and understands.
var answers = shapesOf(apiversions.Response{}, saslhandshake.Response{}, saslauthenticate.Response{},
	metadata.Response{}, listoffsets.Response{}, fetch.Response{}, produce.Response{},
	createtopics.Response{}, describeconfigs.Response{})

// fetches and offsetRequests are the requests of which the guard parses more than the header.
var (
	fetches        = shapesOf(fetch.Request{})
	offsetRequests = shapesOf(listoffsets.Request{})
)

// shapesOf derives the shapes of message types in all their versions.
func shapesOf(types ...any) map[apiVersion]message {
	all := make(map[apiVersion]message)
	for _, m := range types {
		t := reflect.TypeOf(m)
		key := reflect.New(t).Interface().(protocol.Message).ApiKey()
		for v := key.MinVersion(); v <= key.MaxVersion(); v++ {
			flexible := false
			for i := range t.NumField() {
				for _, tag := range versionTags(t.Field(i)) {
					flexible = flexible || tag.optional && tag.low <= v
				}
			}
			all[apiVersion{key, v}] = message{fieldsOf(t, v, flexible), flexible}
		}
	}
	return all
}

func fieldsOf(t reflect.Type, version int16, flexible bool) (fields []shape) {
	for i := range t.NumField() {
		f := t.Field(i)
		for _, tag := range versionTags(f) {
			if tag.low <= version && version <= tag.high && !tag.optional {
				s := shapeOf(f.Type, version, flexible)
				s.name = f.Name
				fields = append(fields, s)
				break
			}
		}
	}
	if flexible {
		fields = append(fields, shape{kind: tags})
	}
	return fields
}

func shapeOf(t reflect.Type, version int16, flexible bool) shape {
	s := shape{compact: flexible}
	switch {
	case t == reflect.TypeFor[protocol.RecordSet]():
		s.kind, s.compact = records, false
	case t == reflect.TypeFor[[]byte]():
		s.kind = blob
	case t.Kind() == reflect.String:
		s.kind = text
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		s.kind, s.element = list, fieldsOf(t.Elem(), version, flexible)
	case t.Kind() == reflect.Slice:
		s.kind, s.element = list, []shape{shapeOf(t.Elem(), version, flexible)}
	case t.Kind() == reflect.Bool || t.Kind() >= reflect.Int8 && t.Kind() <= reflect.Int64:
		s.kind, s.size = fixed, int64(t.Size())
	default:
		panic("kafka: kafka-go has a field of type " + t.String())
	}
	return s
}

// versionTag is kafka-go's struct tag of a field, such as "min=v4,max=v11".
type versionTag struct {
	low, high int16
	optional  bool // only sent if it has a value
}

func versionTags(f reflect.StructField) (all []versionTag) {
	for one := range strings.SplitSeq(f.Tag.Get("kafka"), "|") {
		t := versionTag{low: -1, high: -1}
		for word := range strings.SplitSeq(one, ",") {
			name, value, _ := strings.Cut(word, "=")
			n, _ := strconv.ParseInt(strings.TrimPrefix(value, "v"), 10, 16)
			switch name {
			case "min":
				t.low = int16(n)
			case "max":
				t.high = int16(n)
			case "tag":
				t.optional = true
			}
		}
		all = append(all, t)
	}
	return all
}
