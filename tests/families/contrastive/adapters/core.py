"""How the files of the core of contrastive learning in golden/contrastive are computed here."""

import torch
from tests.references.adapting import partly

import lossatlas as la
from lossatlas.contract.pairwise import cosine, cosines
from lossatlas.signatures import pairs, views


def gradients(value, *leaves):
    return torch.autograd.grad(value, leaves)


@partly(la.nt_xent)
def nt_xent(params, z0, z1):
    z0 = z0.requires_grad_()
    value = la.nt_xent(z0, z1, **params)
    return {"loss": value.detach(), "grad_z0": gradients(value, z0)[0]}


def relative_penalty(params, negative_similarities, positive_similarity):
    positive, negative = positive_similarity.reshape(1, 1), negative_similarities.unsqueeze(0)
    info_nce, simple = la.on(pairs, la.nt_xent), la.on(pairs, la.simple_contrastive_loss)
    return {
        "r": {
            str(t): la.losses.contrastive.contrastive_relative_penalty(negative_similarities, temperature=t)
            for t in params["tau"]
        },
        "loss": {str(t): info_nce(positive, negative, temperature=t) for t in params["tau"]},
        "loss_simple": simple(positive, negative),
    }


@partly(la.cosine_contrastive_loss)
def cosine_contrastive(params, y_pred):
    settings = {
        "m0.0_wNone": (0.0, None),
        "m0.4_w150.0": (0.4, 150.0),
        "m0.8_w1.0": (0.8, 1.0),
        "m0.8_w300.0": (0.8, 300.0),
    }
    return {
        name: la.cosine_contrastive_loss(y_pred[:, :1], y_pred[:, 1:], margin=margin, negative_weight=weight)
        for name, (margin, weight) in settings.items()
    }


@partly(la.macl_loss)
def macl(params, pos_sim, neg_sim):
    """The derivative at a positive tells the temperature: it is -1 / (B tau)."""
    leaves = pos_sim.requires_grad_(), neg_sim.requires_grad_()
    value = la.macl_loss(*leaves, temperature=params["tau_0"], alpha=params["alpha"], base=params["A0"])
    at_positive, at_negative = gradients(value, *leaves)
    tau = -1 / (len(pos_sim) * at_positive.mean())
    return {"loss": value.detach(), "tau": tau, "grad_pos": at_positive, "grad_neg": at_negative}


@partly(la.macl_loss)
def macl_of_views(params, z0, z1):
    """The recorded code adds 1e-8 to 1 - P: the loss here is compared with the sum without, then it is added."""
    tau_0, alpha, base = params["temperature"], params["alpha"], params["A_0"]
    adapted = tau_0 * (1 + alpha * (cosine(z0, z1).mean() - base)).item()
    nll = torch.cat([_negative_log_likelihoods(x, y, adapted) for x, y in ((z0, z1), (z1, z0))])
    miss = -torch.expm1(-nll)
    whole = la.on(views, la.macl_loss)(z0, z1, temperature=tau_0, alpha=alpha, base=base)
    torch.testing.assert_close(whole, (nll / miss).mean(), rtol=1e-12, atol=0)
    return {"loss": (nll / (miss + 1e-8)).mean()}


def _negative_log_likelihoods(x, y, temperature):
    """-log P of the first views as anchors."""
    others = ~torch.eye(len(x), dtype=torch.bool)
    negative = torch.cat([cosines(x, y)[others].reshape(len(x), -1), cosines(x, x)[others].reshape(len(x), -1)], -1)
    return la.on(pairs, la.nt_xent)(cosine(x, y).unsqueeze(-1), negative, temperature=temperature, reduction="none")


@partly(la.robust_global_contrastive_loss)
def robust_global(params, z0, z1):
    return {
        f"tau{tau}_rho{rho}": la.robust_global_contrastive_loss(z0, z1, temperature=tau, rho=rho)
        for tau in params["tau"]
        for rho in params["rho"]
    }


def unimodal(params, z0, z1, index):
    """The recorded code adds the two views' values. Its second call is with other vectors."""
    individual = params["enable_isogclr"]
    module = la.losses.contrastive.GlobalContrastiveTemperatures(
        params["N"], temperature=params["tau"], rho=params["rho"], gamma=params["gamma"],
        step=params["eta"] * individual, momentum=params["beta"], low=params["tau_min"], high=params["tau_max"],
    ).double()  # fmt: skip
    module.temperature.fill_(params["tau"])  # 0.1 in float64, not the float32 next to it
    first = 2 * module(z0.requires_grad_(), z1, index)
    found = {"loss": first.detach(), "u": module.log_u[index].exp(), "grad_z0": gradients(first, z0)[0]}
    torch.testing.assert_close(
        gradients(2 * la.global_contrastive_loss(z0, z1, temperature=params["tau"]), z0)[0],
        found["grad_z0"],
        rtol=1e-10,
        atol=1e-14,
    )
    found["loss_second_step"] = 2 * module(z1, 1.5 * z0.detach() + 0.1, index)
    found["u_second_step"] = module.log_u[index].exp()
    if individual:
        found["tau_after_two_steps"] = module.temperature[index]
    return found


def bimodal(individual):
    """Each side has a state of its own, and looks at gaps. The recorded code sums the negatives' weights to B - 1."""

    def adapter(params, image, text, index):
        where = ~torch.eye(len(image), dtype=torch.bool).unsqueeze(0)
        start = {
            "temperature": torch.full((len(image),), params["tau"], dtype=image.dtype),
            "slope": image.new_zeros(len(image)),
        }
        settings = {
            "rho": params["rho"],
            "gamma": params["gamma"],
            "momentum": params["beta"],
            "low": params["tau_min"],
        }
        settings |= {"high": params["tau_max"], "step": params["eta"] * individual}
        values, moved = [], []
        for x, y in ((image, text), (text, image)):
            gaps = (cosines(x, y) - cosine(x, y).unsqueeze(-1)).unsqueeze(0)
            weight, *state = la.losses.contrastive.isogclr_update(
                gaps, where, start["slope"] - torch.inf, **start, **settings
            )
            values.append((weight * gaps).sum(-1).mean() * (len(image) - 1))
            moved.append(state)
        found = {"loss": sum(values) / 2, "u1_times_exp_b1": moved[0][0].exp()}
        return found | ({"tau_img": moved[0][1], "tau_txt": moved[1][1]} if individual else {})

    return adapter


@partly(la.wasserstein_uniformity)
def uniformities(params, z):
    spread = la.wasserstein_uniformity(z)
    return {"w2": spread, "w2_official": spread, "l_uniform_t2": la.uniformity_loss(z, t=float(params["t"]))}


ADAPTERS = {
    "contrastive_relative_penalty": relative_penalty,
    "cosine_contrastive_loss": cosine_contrastive,
    "isogclr_bimodal": bimodal(individual=True),
    "isogclr_unimodal": unimodal,
    "macl__t0_1_a0_5_a0_0": macl,
    "macl__t0_5_a1_0_a0_2": macl,
    "macl_two_views__t0_1_a0_5_a0_0": macl_of_views,
    "macl_two_views__t0_5_a1_0_a0_2": macl_of_views,
    "nt_xent__tau0_5": nt_xent,
    "rgcl_objective_batch": robust_global,
    "sogclr_bimodal": bimodal(individual=False),
    "sogclr_unimodal": unimodal,
    "wasserstein_uniformity__random": uniformities,
}
