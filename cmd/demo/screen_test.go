package main

import (
	"image"
	"image/color"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	columns, lines = 80, 24
	cellW, cellH   = 6, 12 // pixels of one character
)

// cell is one character of the screen with its colours.
type cell struct {
	r          rune
	fore, back color.Gray
}

// screen is a terminal of 80 by 24 with the functions that the demo needs: line feeds, scrolling,
// wrapping, colours 16 and 231, cursor up, clear to the end of the line.
type screen struct {
	cells      [lines][columns]cell
	row, col   int
	fore, back color.Gray // current colours
	def        [2]color.Gray
}

// newScreen returns a screen with the theme's colours of text and background.
func newScreen(text, background color.Gray) *screen {
	s := &screen{fore: text, back: background, def: [2]color.Gray{text, background}}
	for row := range s.cells {
		s.clear(row, 0)
	}
	return s
}

func (s *screen) clear(row, from int) {
	for col := from; col < columns; col++ {
		s.cells[row][col] = cell{' ', s.def[0], s.def[1]}
	}
}

func (s *screen) feed() {
	s.col = 0
	if s.row++; s.row == lines {
		copy(s.cells[:], s.cells[1:])
		s.row--
		s.clear(s.row, 0)
	}
}

func (s *screen) write(t *testing.T, text string) {
	t.Helper()
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == '\n':
			s.feed()
		case strings.HasPrefix(text, "\x1b["):
			end := strings.IndexFunc(text[2:], func(r rune) bool { return r >= '@' }) + 2
			s.control(t, text[2:end], text[end])
			n = end + 1
		case r < ' ':
			t.Fatalf("control character %q", r)
		default:
			if s.col == columns {
				s.feed()
			}
			s.cells[s.row][s.col] = cell{r, s.fore, s.back}
			s.col++
		}
		text = text[n:]
	}
}

func (s *screen) control(t *testing.T, arguments string, final byte) {
	t.Helper()
	fixed := map[string]color.Gray{"16": {Y: 0}, "231": {Y: 255}}
	switch final {
	case 'm':
		if arguments == "0" {
			s.fore, s.back = s.def[0], s.def[1]
			return
		}
		a := strings.Split(arguments, ";")
		if len(a) != 6 || a[0] != "38" || a[1] != "5" || a[3] != "48" || a[4] != "5" {
			t.Fatalf("colours %q depend on the theme", arguments)
		}
		s.fore, s.back = fixed[a[2]], fixed[a[5]]
	case 'F':
		n, err := strconv.Atoi(arguments)
		if err != nil {
			t.Fatal(err)
		}
		s.row, s.col = max(s.row-n, 0), 0
	case 'K':
		s.clear(s.row, s.col)
	default:
		t.Fatalf("control sequence %q%c", arguments, final)
	}
}

// image draws the screen. Letters are drawn as a bar: they only need to differ from the background.
func (s *screen) image() image.Image {
	img := image.NewGray(image.Rect(0, 0, columns*cellW, lines*cellH))
	for row := range s.cells {
		for col, c := range s.cells[row] {
			for y := range cellH {
				for x := range cellW {
					ink := c.back
					switch {
					case c.r == '▀' && y < cellH/2, c.r != '▀' && c.r != ' ' && x == cellW/2 && y > 2 && y < cellH-2:
						ink = c.fore
					}
					img.SetGray(col*cellW+x, row*cellH+y, ink)
				}
			}
		}
	}
	return img
}
