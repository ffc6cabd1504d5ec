// Row ops: ops whose result for a row needs nothing but that row, so that a run
// of them is one stage.
#ifndef FREEHOLD_ROWS_H
#define FREEHOLD_ROWS_H

enum fh_row_kind {
	FH_ROW_EMBED,	  // dst (+)= factor · weight[token], or weight[position]
	FH_ROW_RMSNORM,	  // dst = norm of x, in groups
	FH_ROW_LAYERNORM,
	FH_ROW_L2NORM,
	FH_ROW_ROPE,	  // dst in place
	FH_ROW_TEMPER,	  // dst in place
	FH_ROW_STORE,	  // keys x, values y
	FH_ROW_GATED,	  // dst = f(x) · (y + shift), or f(x) without y
	FH_ROW_ADD,	  // dst += factor · x
	FH_ROW_ADD_BIAS,  // dst += bias
	FH_ROW_MULTIPLY,  // dst = x · y
	FH_ROW_SCALE,	  // dst ×= factor
	FH_ROW_CLAMP,	  // dst to ±factor
	FH_ROW_SOFTCAP,	  // dst = factor · tanh(dst / factor)
	FH_ROW_SOFTMAX,	  // dst in place
	FH_ROW_COPY,	  // pieces of x to dst
	FH_ROW_COMBINE,	  // dst += Σ y[slot] · x[slot], or, if set, dst = Σ …
	FH_ROW_ROUTE,	  // choices dst and shares y from logits x
	FH_ROW_SELECT,	  // dst = the output's row of x
	FH_ROW_MEAN,	  // dst = mean over the rows of x in the output's sequence
};

// Which fields count depends on the kind; program's ops of these names say what
// they mean. Buffers that do not take part are -1.
struct fh_row_op {
	enum fh_row_kind kind;
	int dst, x, y;
	float factor, eps, limit, shift, length;
	const float *gain, *bias;
	int gains, biases;
	int function;
	int group;				    // of a norm
	int heads, head_dim, offset, table;	    // of a rope
	int layer;				    // of a store
	int wtype, positions, accumulate;	    // of an embedding
	const void *weight;
	int from, from_stride, to, to_stride, width, count; // of a copy
	int set;				    // of a combination
	int gating, groups, groups_used, normalize; // of a route
};

#endif
