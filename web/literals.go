package web

import "strings"

// literal is a quoted string of a script and the code before it.
type literal struct {
	text   string
	before string // the last characters before the quote, without comments and space
}

// literals returns the strings in single and double quotes of a script. Comments, regular expressions and templates
// are skipped; the expressions within templates are read.
func literals(source string) (all []literal) {
	var code []byte // without comments, strings and space
	var open []int  // for each template in progress: the braces open in its expression
	for i := 0; i < len(source); i++ {
		rest := source[i:]
		switch c := source[i]; {
		case strings.HasPrefix(rest, "//"):
			i += until(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			i += 1 + until(rest[2:], "*/") + 2
		case c == '/' && regexpMayFollow(code):
			i += skipRegexp(rest)
			code = append(code, '0')
		case c == '\'' || c == '"':
			text, n := quoted(rest)
			all = append(all, literal{text, string(code[max(0, len(code)-8):])})
			i += n - 1
			code = append(code, '0')
		case c == '`':
			n, expression := skipTemplate(rest[1:])
			i += n
			if expression {
				open = append(open, 0)
				code = append(code, '(')
			} else {
				code = append(code, '0')
			}
		case c == '{' && len(open) > 0:
			open[len(open)-1]++
			code = append(code, c)
		case c == '}' && len(open) > 0 && open[len(open)-1] == 0: // the expression ends and the template continues
			n, expression := skipTemplate(rest[1:])
			i += n
			if expression {
				code = append(code, '(')
			} else {
				open = open[:len(open)-1]
				code = append(code, '0')
			}
		case c == '}' && len(open) > 0:
			open[len(open)-1]--
			code = append(code, c)
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			if n := len(code); n > 0 && code[n-1] != ' ' && i+1 < len(source) && isWord(code[n-1]) && isWord(source[i+1]) {
				code = append(code, ' ')
			}
		default:
			code = append(code, c)
		}
	}
	return all
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// until returns the offset of end, or the last offset of text.
func until(text, end string) int {
	if i := strings.Index(text, end); i >= 0 {
		return i
	}
	return max(len(text)-1, 0)
}

// quoted returns the string at the start of text and its length with both quotes. A string ends at its line's end
// at the latest.
func quoted(text string) (string, int) {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return text[1:i], i + 1
		case '\n':
			return text[1:i], i
		}
	}
	return text[1:], len(text)
}

// skipTemplate returns the length of a template's text up to its end or to the start of an expression, which is the
// case if expression is true.
func skipTemplate(text string) (n int, expression bool) {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '`':
			return i + 1, false
		case strings.HasPrefix(text[i:], "${"):
			return i + 2, true
		}
	}
	return len(text), false
}

// regexpMayFollow reports whether a slash after the code begins a regular expression. After a value it divides.
func regexpMayFollow(code []byte) bool {
	if len(code) == 0 || strings.IndexByte("(,=:[!&|?{};+-*%~^<>", code[len(code)-1]) >= 0 {
		return true
	}
	for _, word := range []string{"return", "typeof", "case", "of", "in"} {
		if before, ok := strings.CutSuffix(string(code[max(0, len(code)-8):]), word); ok && (before == "" || !isWord(before[len(before)-1])) {
			return true
		}
	}
	return false
}

// skipRegexp returns the offset of the slash that ends the regular expression at the start of text.
func skipRegexp(text string) int {
	class := false
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if !class {
				return i
			}
		case '\n':
			return i - 1
		}
	}
	return len(text) - 1
}
