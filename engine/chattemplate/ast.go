package chattemplate

// expr is an expression; eval is called through run.eval only, which counts
// the step and the depth.
type expr interface {
	eval(r *run, s *scope) value
}

type (
	constExpr struct{ v value }
	nameExpr  struct {
		at   int
		name string
	}
	attrExpr struct {
		at   int
		x    expr
		name string
	}
	itemExpr struct {
		at     int
		x, key expr
	}
	sliceExpr struct {
		at           int
		x            expr
		lo, hi, step expr // each may be nil
	}
	callExpr struct {
		at   int
		fn   expr
		args argExprs
	}
	filterExpr struct {
		at   int
		x    expr // nil: the text of the enclosing block
		name string
		args argExprs
	}
	testExpr struct {
		at   int
		x    expr
		name string
		args argExprs
	}
	unaryExpr struct {
		at int
		op string // - or +
		x  expr
	}
	binaryExpr struct {
		at   int
		op   string
		a, b expr
	}
	concatExpr struct {
		at    int
		parts []expr
	}
	compareExpr struct {
		x    expr
		rest []comparison
	}
	logicExpr struct {
		and  bool
		a, b expr
	}
	notExpr  struct{ x expr }
	condExpr struct {
		at              int
		test, then, alt expr // alt may be nil
	}
	listExpr  struct{ items []expr }
	tupleExpr struct{ items []expr }
	dictExpr  struct {
		at         int
		keys, vals []expr
	}
)

type comparison struct {
	at int
	op string
	x  expr
}

// argExprs are the arguments of a call, filter or test.
type argExprs struct {
	pos      []expr
	kw       []kwExpr
	star     expr // *args, may be nil
	starstar expr // **kwargs, may be nil
}

type kwExpr struct {
	name string
	x    expr
}

// stmt is a statement or a piece of output.
type stmt interface {
	exec(r *run, s *scope) signal
}

// signal says how a statement ended.
type signal byte

const (
	proceed signal = iota
	breakLoop
	continueLoop
)

type (
	textStmt  struct{ text string }
	printStmt struct {
		at int
		x  expr
	}
	ifStmt struct {
		branches []branch
		alt      []stmt
	}
	forStmt struct {
		at        int
		target    target
		iter      expr
		test      expr // may be nil
		body, alt []stmt
		recursive bool

		hidden, altHidden []string // see scopes.go, here and below
	}
	setStmt struct {
		target target
		x      expr
	}
	setBlockStmt struct {
		target target
		filter expr // may be nil
		body   []stmt
		hidden []string
	}
	macroStmt struct{ def *macroDef }
	callStmt  struct {
		at     int
		call   *callExpr
		caller *macroDef
	}
	filterStmt struct {
		at     int
		filter expr
		body   []stmt
		hidden []string
	}
	withStmt struct {
		targets []target
		vals    []expr
		body    []stmt
		hidden  []string
	}
	scopeStmt struct { // {% generation %}, {% block %}
		body   []stmt
		atRoot bool // sees only the outermost variables
		hidden []string
	}
	breakStmt    struct{}
	continueStmt struct{}
)

type branch struct {
	test expr
	body []stmt
}

type macroDef struct {
	at       int
	name     string // empty for the body of a call block
	params   []string
	defaults []expr // of the last len(defaults) parameters
	body     []stmt
	hidden   []string

	// which of the implicit names the body mentions
	caller, varargs, kwargs bool
}

// target is what a value is assigned to.
type target interface {
	assign(r *run, s *scope, v value)
}

type (
	nameTarget struct{ name string }
	attrTarget struct {
		at       int
		ns, attr string
	}
	tupleTarget struct {
		at    int
		items []target
	}
)
