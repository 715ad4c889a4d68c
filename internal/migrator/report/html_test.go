package report_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
)

// element is one of a page, with its attributes.
type element struct {
	name  string
	attrs map[string]string
}

// elements reads a page as XML, which our templates are but for the elements
// that HTML closes by itself. A tag that isn't closed is an error.
func elements(page string) ([]element, error) {
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var found []element
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{token.Name.Local, map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			found, open = append(found, e), append(open, e.name)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != token.Name.Local {
				return nil, fmt.Errorf("</%s> closes %q", token.Name.Local, open)
			}
			open = open[:len(open)-1]
		}
	}
}

// wrongPage is what makes a page unsafe or hard to use; nil for a good one.
func wrongPage(page string) error {
	found, err := elements(page)
	if err != nil {
		return err
	}
	ids, level, scripts := map[string]bool{}, 0, 0
	for _, e := range found {
		for name := range e.attrs {
			if strings.HasPrefix(name, "on") || name == "style" || name == "src" {
				return fmt.Errorf("<%s> has the attribute %s", e.name, name)
			}
		}
		if id, ok := e.attrs["id"]; ok {
			if ids[id] {
				return fmt.Errorf("two elements have the id %s", id)
			}
			ids[id] = true
		}
		if len(e.name) == 2 && e.name[0] == 'h' && e.name[1] >= '1' && e.name[1] <= '6' {
			next := int(e.name[1] - '0')
			if next > level+1 {
				return fmt.Errorf("a heading of level %d follows one of level %d", next, level)
			}
			level = next
		}
		if e.name == "script" {
			scripts++
		}
	}
	if scripts != 1 {
		return fmt.Errorf("the page has %d scripts, want its own alone", scripts)
	}
	return wrongLinks(found, ids)
}

func wrongLinks(found []element, ids map[string]bool) error {
	for _, e := range found {
		href := e.attrs["href"]
		switch {
		case e.name != "a":
		case strings.HasPrefix(href, "#") && ids[href[1:]], strings.HasPrefix(href, "https://"), strings.HasPrefix(href, "http://"):
		default:
			return fmt.Errorf("a link leads to %q", href)
		}
	}
	return nil
}

func TestHTMLIsSafeAndInOrder(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]review.Report{"sample": sample(), "empty": empty(), "harmless": harmless(), "40 tables": connected(40)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := wrongPage(render(t, report.HTML, r)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHTMLStaysSafeWhateverAReportSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		page := render(t, report.HTML, anyReport.Draw(t, "report"))
		if err := wrongPage(page); err != nil {
			t.Fatal(err)
		}
		if err := wrongDrawing(page); err != nil {
			t.Fatal(err)
		}
	})
}

// connected is a review of a schema with so many new tables. Each points at one
// or two before it, and some at themselves.
func connected(n int) review.Report {
	r := harmless()
	for i := range n {
		name := fmt.Sprintf("table_%02d", i)
		t := catalog.Table{
			Name:        name,
			Columns:     []catalog.Column{{Name: "id", Type: "uuid", NotNull: true}, {Name: "created_at", Type: "timestamp with time zone", NotNull: true}},
			Constraints: []catalog.Constraint{primaryKey(name + "_pkey")},
		}
		for j, to := range []int{i / 3, i * 2 / 3} {
			if to < i || i%7 == 3 && j == 0 {
				column := fmt.Sprintf("ref_%d", j)
				if i%7 == 3 && j == 0 {
					to = i
				}
				t.Columns = append(t.Columns, catalog.Column{Name: column, Type: "uuid"})
				t.Constraints = append(t.Constraints, foreignKey(fmt.Sprintf("%s_%d", name, j), column, fmt.Sprintf("table_%02d", to)))
			}
		}
		r.After.Tables = append(r.After.Tables, t)
		r.Changes = append(r.Changes, catalog.Change{Kind: catalog.KindTable, Name: name, After: "TABLE"})
	}
	return r
}

type rectangle struct {
	X, Y          float64
	Width, Height float64
}

// svg is what a test wants to know of the drawing.
type svg struct {
	Width  float64 `xml:"width,attr"`
	Height float64 `xml:"height,attr"`
	Groups []struct {
		Class string `xml:"class,attr"`
		Rects []struct {
			X      float64 `xml:"x,attr"`
			Y      float64 `xml:"y,attr"`
			Width  float64 `xml:"width,attr"`
			Height float64 `xml:"height,attr"`
		} `xml:"rect"`
		Paths []struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	} `xml:"g"`
}

// wrongDrawing checks the geometry of a page's drawing: boxes stand apart and
// inside, and no line runs through one.
func wrongDrawing(page string) error {
	start, end := strings.Index(page, "<svg"), strings.Index(page, "</svg>")
	if start < 0 {
		return nil
	}
	var s svg
	if err := xml.Unmarshal([]byte(page[start:end+len("</svg>")]), &s); err != nil {
		return fmt.Errorf("the drawing isn't XML: %w", err)
	}
	var boxes []rectangle
	for _, g := range s.Groups {
		if strings.HasPrefix(g.Class, "box") {
			r := g.Rects[0]
			boxes = append(boxes, rectangle{r.X, r.Y, r.Width, r.Height})
		}
	}
	for i, b := range boxes {
		if b.X < 0 || b.Y < 0 || b.X+b.Width > s.Width || b.Y+b.Height > s.Height {
			return fmt.Errorf("box %d, %v, isn't in a drawing of %v × %v", i, b, s.Width, s.Height)
		}
		for j, other := range boxes[:i] {
			if b.touches(other.X, other.Y, other.X+other.Width, other.Y+other.Height) {
				return fmt.Errorf("box %d, %v, lies on box %d, %v", i, b, j, other)
			}
		}
	}
	for _, g := range s.Groups {
		for _, p := range g.Paths {
			if err := wrongLine(g.Class, p.D, boxes, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrongLine follows a foreign key's line up to its ends' signs.
func wrongLine(class, d string, boxes []rectangle, s svg) error {
	if !strings.HasPrefix(class, "key") {
		return nil
	}
	line, _, _ := strings.Cut(d[1:], "M")
	var x, y float64
	for i, point := range strings.Split(line, "L") {
		fromX, fromY := x, y
		if _, err := fmt.Sscanf(point, "%f %f", &x, &y); err != nil {
			return fmt.Errorf("%q: %w", d, err)
		}
		if x < 0 || y < 0 || x > s.Width || y > s.Height {
			return fmt.Errorf("the line %s leaves the drawing", d)
		}
		for _, b := range boxes {
			if i > 0 && b.touches(min(fromX, x), min(fromY, y), max(fromX, x), max(fromY, y)) {
				return fmt.Errorf("the line %s runs through the box %v", d, b)
			}
		}
	}
	return nil
}

// touches reports whether an area reaches into the rectangle, by more than what
// rounding makes of a line that ends at its side.
func (r rectangle) touches(left, top, right, bottom float64) bool {
	const slack = 0.2
	return math.Min(r.X+r.Width, right)-math.Max(r.X, left) > slack && math.Min(r.Y+r.Height, bottom)-math.Max(r.Y, top) >= 0 && right > r.X+slack && left < r.X+r.Width-slack
}

func TestDrawingsKeepLinesOutOfBoxes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 5, 12, 40, 100} {
		t.Run(fmt.Sprintf("%d tables", n), func(t *testing.T) {
			t.Parallel()
			page := render(t, report.HTML, connected(n))
			if got, want := strings.Count(page, `<g class="box`), min(n, 60); got != want {
				t.Errorf("boxes = %d, want %d", got, want)
			}
			if err := wrongDrawing(page); err != nil {
				t.Error(err)
			}
		})
	}
}
