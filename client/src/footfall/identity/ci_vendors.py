"""Which environment variables tell that a process runs in CI. Data only.

The question is not "was this built by CI" but "is this run one of a developer's tests": a false yes hides a user. So
a variable that production servers have as well is not used, nor one that a server is likely to be configured with,
nor a generic word by its mere presence.
"""

FLAGS = (
    "AC_APPCIRCLE",
    "APPVEYOR",
    "BITRISE_IO",
    "BUILDKITE",
    "CAPAWESOME_CLOUD",
    "CIRCLECI",
    "CIRRUS_CI",
    "DRONE",
    "DSARI",
    "EARTHLY_CI",
    "EAS_BUILD",
    "GITEA_ACTIONS",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "LAYERCI",
    "MAGNUM",
    "NEVERCODE",
    "RWX",
    "SAILCI",
    "SCREWDRIVER",
    "SEMAPHORE",
    "STRIDER",
    "TF_BUILD",
    "TRAVIS",
    "VELA",
    "WORKERS_CI",
    "XCS",
)
"""Count when they say `true` or `1`. Many are plain words (`DRONE`, `VELA`): a path or address in them is not CI."""

IDENTIFIERS = (
    "AGOLA_GIT_REF",
    "APPCENTER_BUILD_ID",
    "CF_BUILD_ID",
    "CI_XCODE_PROJECT",
    "CM_BUILD_ID",
    "CODEBUILD_BUILD_ARN",
    "GO_PIPELINE_LABEL",
    "HARNESS_BUILD_ID",
    "NOW_BUILDER",
    "PROW_JOB_ID",
    "TEAMCITY_VERSION",
    "bamboo_planKey",
)
"""Count when they are there and not empty: names that nothing but that vendor's build machine has."""

TOGETHER = (
    ("BITBUCKET_COMMIT", "BITBUCKET_BUILD_NUMBER"),
    ("BUDDY_WORKSPACE_ID", "BUDDY_EXECUTION_ID"),
    ("HUDSON_URL", "BUILD_ID"),
    ("JENKINS_URL", "BUILD_ID"),
    ("TASK_ID", "RUN_ID"),
)
"""Count only together. One alone is often a server's own: a tool that talks to Jenkins is given JENKINS_URL, images
carry the commit they were made from, pods have a BUILD_ID or RUN_ID of their own. TASK_ID and RUN_ID: TaskCluster."""

EQUAL = (
    ("CI_NAME", "codeship"),
    ("CI_NAME", "sourcehut"),
    ("BUILDER_OUTPUT", "/builder/outputs"),
)
"""Count with this value only. The last is Google Cloud Build."""

LEFT_OUT = {
    "ALPIC_HOST": "Alpic hosts MCP servers: this is production",
    "CF_PAGES": "Cloudflare Pages functions have it too; its builds set CI",
    "GERRIT_PROJECT": "what a server that talks to Gerrit is configured with; its builds run on Jenkins or Zuul",
    "NETLIFY": "hosting; its builds set CI",
    "NODE": "Heroku: every dyno whose process npm started has the same path in it; its CI sets CI",
    "RELEASE_BUILD_ID": "ReleaseHub gives it to the running containers of every environment",
    "RENDER": "every running service on Render has it",
    "VERCEL": "every running function on Vercel has it; builds have NOW_BUILDER and CI",
}
"""Variables known to tell a vendor that are not used, each with its reason. (Woodpecker sets `CI=woodpecker`, which
counts as CI by itself.)"""
