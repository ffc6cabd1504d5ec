// Kernels of the row ops, part of vector_impl.h: functions of values, norms, and
// arithmetic between rows.
//
// The polynomials are Chebyshev interpolants, within 3e-8 of what they stand for.

// tanh within 2e-7 of its value: a polynomial where 1 − 2/(e^2x + 1) would cancel.
FH_IN vf vtanh(vf x)
{
	const vf z = x * x;
	vf p = splat(-0.00626911968f);
	p = p * z + 0.0211109594f;
	p = p * z - 0.0538739488f;
	p = p * z + 0.133329153f;
	p = p * z - 0.333333313f;
	const vf near = x + x * z * p;
	const vf far = 1.f - 2.f / (vexp(x + x) + 1.f);
	const vi small = (vi)(z < splat(0.36f));
	return (vf)(((vi)near & small) | ((vi)far & ~small));
}

FH_IN vf sigmoid(vf x)
{
	return 1.f / (1.f + vexp(-x));
}

// Φ(x) = ½ erfc(−x/√2), by e^z² erfc(z) as a polynomial in t = 1 / (1 + z/2).
FH_IN vf normal_cdf(vf x)
{
	const vi negative = (vi)(x < splat(0));
	vf z = vmax(x, -x) * 0.707106781f;
	z = -vmax(-z, splat(-12.f));
	const vf t = 1.f / (1.f + z * 0.5f);
	vf p = splat(0.0154464245f);
	p = p * t - 0.138722613f;
	p = p * t + 0.461040795f;
	p = p * t - 0.706877172f;
	p = p * t + 0.446779579f;
	p = p * t - 0.109197147f;
	p = p * t + 0.228339106f;
	p = p * t + 0.238243386f;
	p = p * t + 0.282883525f;
	p = p * t + 0.28206411f;
	const vf tail = 0.5f * t * p * vexp(-(z * z));
	const vf rest = 1.f - tail;
	return (vf)(((vi)tail & negative) | ((vi)rest & ~negative));
}

// max(x, 0) + ln(1 + e^−|x|)
FH_IN vf softplus(vf x)
{
	const vf y = vexp(-vmax(x, -x));
	vf p = splat(-0.00317605701f);
	p = p * y + 0.0195425265f;
	p = p * y - 0.0563736111f;
	p = p * y + 0.105436236f;
	p = p * y - 0.152696669f;
	p = p * y + 0.196632743f;
	p = p * y - 0.249516159f;
	p = p * y + 0.333297104f;
	p = p * y - 0.499998927f;
	p = p * y + 1.f;
	return vmax(x, splat(0)) + y * p;
}

FH_IN vf function(const int f, vf x)
{
	switch (f) {
	case FH_GELU: // 1 + tanh(u) = 2σ(2u)
		return x / (1.f + vexp(x * (x * x * -0.0713548163f - 1.59576912f)));
	case FH_GELU_ERF: return x * normal_cdf(x);
	case FH_GELU_QUICK: return x / (1.f + vexp(x * -1.702f));
	case FH_RELU: return vmax(x, splat(0));
	case FH_RELU2: {
		const vf y = vmax(x, splat(0));
		return y * y;
	}
	case FH_SIGMOID: return sigmoid(x);
	case FH_TANH: return vtanh(x);
	case FH_SOFTPLUS: return softplus(x);
	}
	return x / (1.f + vexp(-x));
}

FH_IN vf bounded(vf x, float limit)
{
	return -vmax(-vmax(x, splat(-limit)), splat(-limit));
}

FH_IN vf gate_times(const int f, vf gate, vf up, float limit, float shift)
{
	if (limit > 0) {
		gate = -vmax(-gate, splat(-limit));
		up = bounded(up, limit);
	}
	return function(f, gate) * (up + shift);
}

// A function of one array, or with up a product.
FH_IN void gate_array(const int f, const float *gate, const float *up, float *dst, int n, float limit,
		      float shift)
{
	int i = 0;
	if (!up) {
		for (; i + FH_W <= n; i += FH_W)
			store(dst + i, function(f, load(gate + i)));
		if (i < n)
			store_part(dst + i, function(f, load_part(gate + i, n - i)), n - i);
		return;
	}
	for (; i + FH_W <= n; i += FH_W)
		store(dst + i, gate_times(f, load(gate + i), load(up + i), limit, shift));
	if (i < n)
		store_part(dst + i,
			   gate_times(f, load_part(gate + i, n - i), load_part(up + i, n - i), limit, shift), n - i);
}

FH_FN void gated(int f, const float *gate, const float *up, float *dst, int n, float limit, float shift)
{
	switch (f) {
	case FH_SILU: gate_array(FH_SILU, gate, up, dst, n, limit, shift); break;
	case FH_GELU: gate_array(FH_GELU, gate, up, dst, n, limit, shift); break;
	case FH_GELU_ERF: gate_array(FH_GELU_ERF, gate, up, dst, n, limit, shift); break;
	case FH_GELU_QUICK: gate_array(FH_GELU_QUICK, gate, up, dst, n, limit, shift); break;
	case FH_RELU: gate_array(FH_RELU, gate, up, dst, n, limit, shift); break;
	case FH_RELU2: gate_array(FH_RELU2, gate, up, dst, n, limit, shift); break;
	case FH_SIGMOID: gate_array(FH_SIGMOID, gate, up, dst, n, limit, shift); break;
	case FH_TANH: gate_array(FH_TANH, gate, up, dst, n, limit, shift); break;
	case FH_SOFTPLUS: gate_array(FH_SOFTPLUS, gate, up, dst, n, limit, shift); break;
	}
}

// Σ (x − mean)²
FH_IN float sum_squares(const float *x, int n, float mean)
{
	vf a = {0}, b = {0}, c = {0}, d = {0};
	int i = 0;
	for (; i + 4 * FH_W <= n; i += 4 * FH_W) {
		const vf v0 = load(x + i) - mean, v1 = load(x + i + FH_W) - mean;
		const vf v2 = load(x + i + 2 * FH_W) - mean, v3 = load(x + i + 3 * FH_W) - mean;
		a += v0 * v0;
		b += v1 * v1;
		c += v2 * v2;
		d += v3 * v3;
	}
	for (; i + FH_W <= n; i += FH_W) {
		const vf v = load(x + i) - mean;
		a += v * v;
	}
	float rest = 0;
	for (; i < n; i++)
		rest += (x[i] - mean) * (x[i] - mean);
	return sum_lanes((a + b) + (c + d)) + rest;
}

FH_IN float sum_array(const float *x, int n)
{
	vf a = {0}, b = {0};
	int i = 0;
	for (; i + 2 * FH_W <= n; i += 2 * FH_W) {
		a += load(x + i);
		b += load(x + i + FH_W);
	}
	float rest = 0;
	for (; i < n; i++)
		rest += x[i];
	return sum_lanes(a + b) + rest;
}

// dst = (x − mean) · factor · gain + bias; gain and bias may be NULL.
FH_IN void normalized(const float *x, const float *gain, const float *bias, float *dst, int n, float mean,
		      float factor)
{
	int i = 0;
	for (; i + FH_W <= n; i += FH_W) {
		vf v = (load(x + i) - mean) * factor;
		if (gain)
			v = v * load(gain + i);
		if (bias)
			v = v + load(bias + i);
		store(dst + i, v);
	}
	for (; i < n; i++) {
		const float v = (x[i] - mean) * factor * (gain ? gain[i] : 1.f);
		dst[i] = bias ? v + bias[i] : v;
	}
}

FH_FN void rmsnorm(const float *x, const float *gain, float *dst, int n, float eps)
{
	const float mean = sum_squares(x, n, 0) / (float)n;
	normalized(x, gain, NULL, dst, n, 0, 1.f / __builtin_sqrtf(mean + eps));
}

FH_FN void layernorm(const float *x, const float *gain, const float *bias, float *dst, int n, float eps)
{
	const float mean = sum_array(x, n) / (float)n;
	const float variance = sum_squares(x, n, mean) / (float)n;
	normalized(x, gain, bias, dst, n, mean, 1.f / __builtin_sqrtf(variance + eps));
}

FH_FN void l2norm(const float *x, float *dst, int n, float eps)
{
	const float length = __builtin_sqrtf(sum_squares(x, n, 0));
	normalized(x, NULL, NULL, dst, n, 0, 1.f / (length > eps ? length : eps));
}

FH_FN void add_array(const float *x, float scale, float *dst, int n)
{
	for (int i = 0; i < n; i++)
		dst[i] += x[i] * scale;
}

FH_FN void multiply(const float *x, const float *by, float *dst, int n)
{
	for (int i = 0; i < n; i++)
		dst[i] = x[i] * by[i];
}

FH_FN void scale_array(const float *x, float factor, float *dst, int n)
{
	for (int i = 0; i < n; i++)
		dst[i] = x[i] * factor;
}

FH_FN void clamp_array(float *x, float limit, int n)
{
	int i = 0;
	for (; i + FH_W <= n; i += FH_W)
		store(x + i, bounded(load(x + i), limit));
	if (i < n)
		store_part(x + i, bounded(load_part(x + i, n - i), limit), n - i);
}

FH_FN void softcap_array(float *x, float cap, int n)
{
	const float inverse = 1.f / cap;
	int i = 0;
	for (; i + FH_W <= n; i += FH_W)
		store(x + i, vtanh(load(x + i) * inverse) * cap);
	if (i < n)
		store_part(x + i, vtanh(load_part(x + i, n - i) * inverse) * cap, n - i);
}

FH_FN void exp_array(const float *x, float *dst, int n)
{
	int i = 0;
	for (; i + FH_W <= n; i += FH_W)
		store(dst + i, vexp(load(x + i)));
	if (i < n)
		store_part(dst + i, vexp(load_part(x + i, n - i)), n - i);
}

FH_FN void rope(float *x, int heads, int head_dim, const float *restrict cos, const float *restrict sin,
		int pairs, int adjacent)
{
	for (int h = 0; h < heads; h++, x += head_dim) {
		if (adjacent) {
			float *restrict p = x;
			for (int i = 0; i < pairs; i++) {
				const float a = p[2 * i], b = p[2 * i + 1];
				p[2 * i] = a * cos[i] - b * sin[i];
				p[2 * i + 1] = a * sin[i] + b * cos[i];
			}
		} else {
			float *restrict p = x, *restrict q = x + pairs;
			for (int i = 0; i < pairs; i++) {
				const float a = p[i], b = q[i];
				p[i] = a * cos[i] - b * sin[i];
				q[i] = a * sin[i] + b * cos[i];
			}
		}
	}
}
