package conf

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	helpColumns = 100 // greatest length of a line
	docIndent   = "      "
)

const helpRules = "A flag overrides the environment, the environment overrides the file, the file overrides the default. " +
	"Lists are separated by commas in flags and in the environment. A duration has the form 1m30s."

// help builds the text of -h.
type help struct {
	strings.Builder
	nameWidth int // width of the column of flags
}

func helpText(s *schema, opts Options, flags *flag.FlagSet) string {
	h := &help{}
	for _, leaf := range s.leaves {
		h.nameWidth = max(h.nameWidth, utf8.RuneCountInString(flagName(leaf.path, leaf.kind.placeholder)))
	}
	for paragraph := range strings.SplitSeq(strings.TrimSpace(opts.About), "\n") {
		h.wrapped("", paragraph)
	}
	fmt.Fprintf(h, "\nUsage: %s [flags]\n\n", opts.Program)
	h.wrapped("", helpRules)

	h.WriteString("\nGeneral\n")
	flags.VisitAll(func(f *flag.Flag) {
		if slices.ContainsFunc(s.leaves, func(leaf *setting) bool { return leaf.path == f.Name }) {
			return
		}
		env := ""
		if f.Name == "config" {
			env = opts.EnvPrefix + "_CONFIG"
		}
		placeholder, usage := flag.UnquoteUsage(f)
		h.entry(flagName(f.Name, placeholder), env, usage)
	})
	h.entry("-h", "", "print this text and exit")
	h.table(s.root, "Settings")
	return h.String()
}

func flagName(name, placeholder string) string {
	return strings.TrimSpace("-" + name + " " + placeholder)
}

// table writes the leaves of t under a heading, then the tables inside it.
func (h *help) table(t *setting, heading string) {
	var inner []*setting
	for _, s := range t.fields {
		if s.kind == kindTable || s.kind == kindTables {
			inner = append(inner, s)
			continue
		}
		if heading != "" {
			h.WriteByte('\n')
			h.wrapped("", heading)
			heading = ""
		}
		name, doc := strings.TrimSpace(s.name+" "+s.kind.placeholder), s.doc
		if s.env != "" {
			name, doc = flagName(s.path, s.kind.placeholder), doc+" (default "+s.text()+")"
		}
		if s.secret {
			doc = s.doc + " (secret: default not shown)"
		}
		h.entry(name, s.env, doc)
	}
	for _, s := range inner {
		heading := "[" + strings.ReplaceAll(s.path, "[].", ".") + "]"
		if s.kind == kindTables {
			heading = "[" + heading + "] only in the file, may be repeated"
		}
		if s.doc != "" {
			heading += ": " + s.doc
		}
		h.table(s, heading)
	}
}

// entry writes one setting: names on the first line, doc on the next lines.
func (h *help) entry(name, env, doc string) {
	line := "  " + name
	if env != "" {
		line = fmt.Sprintf("  %-*s  %s", h.nameWidth, name, env)
	}
	if utf8.RuneCountInString(line) > helpColumns {
		h.wrapped("  ", name)
		line = docIndent + env
	}
	h.wrapped("", line)
	h.wrapped(docIndent, doc)
}

// wrapped writes wrapped text with an indent. It splits words that are longer than a line.
func (h *help) wrapped(indent, text string) {
	width := helpColumns - len(indent)
	line := []rune(text)
	for len(line) > width {
		cut := width
		for cut > 0 && line[cut] != ' ' {
			cut--
		}
		if strings.TrimSpace(string(line[:cut])) == "" {
			cut = width
		}
		h.WriteString(strings.TrimRight(indent+string(line[:cut]), " ") + "\n")
		line = []rune(strings.TrimLeft(string(line[cut:]), " "))
	}
	h.WriteString(strings.TrimRight(indent+string(line), " ") + "\n")
}
